"""Whatever a public function is given, it answers with a sentence that names an argument of its.

Every argument of every public function meets every listed bad value of its kind, and bad values
that hypothesis draws. Nothing may reach what is behind: no traceback of JAX, numpy or sympy, no
NaN, no memory taken.
"""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz import package_cases, theory_cases
from tests.fuzz.bad import Case, complaint

pytestmark = [pytest.mark.no_hook, pytest.mark.timeout(300)]

TABLES = {"tms_physics": package_cases, "theory": theory_cases}
CASES = {name: table.cases() for name, table in TABLES.items()}
LEAST = 2000


@pytest.mark.parametrize("package", TABLES)
def test_every_public_function_has_cases(package: str) -> None:
    """A new one without its kinds of arguments fails here."""
    covered = {case.name for case in CASES[package]}
    assert TABLES[package].needs_cases() == covered


@pytest.mark.parametrize("package", TABLES)
def test_every_argument_has_a_kind(package: str) -> None:
    for name, cases in itertools.groupby(CASES[package], key=lambda case: case.name):
        known = [case for case in cases if not any(key.startswith("*") for key in case.kinds)]
        kinds = {argument for case in known for argument in case.kinds}
        wanted = {argument for case in known for argument in case.own_arguments()}
        assert wanted <= kinds, name


@pytest.mark.parametrize("package", TABLES)
def test_listed_bad_calls_are_refused(package: str) -> None:
    met = [complaint(case, call) for case in CASES[package] for call in case.bad()]
    wrong = [text for text in met if text]
    assert len(met) >= LEAST
    assert not wrong, "\n".join(wrong[:50])


@pytest.mark.parametrize("package", TABLES)
def test_drawn_bad_calls_are_refused(package: str) -> None:
    choices = [(case, name) for case in CASES[package] for name in case.kinds]

    @settings(max_examples=300, deadline=None)
    @given(st.sampled_from(choices), st.data())
    def refused(choice: tuple[Case, str], data: st.DataObject) -> None:
        case, name = choice
        value = data.draw(case.kinds[name].strategy())
        assert not complaint(case, {**case.good, name: value})

    refused()
