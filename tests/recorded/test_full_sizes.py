"""Runs with `--full`: what holds at the paper's sizes, and what turns out otherwise there."""

import itertools

import numpy as np

from tests.recorded.summaries import summary


def test_overcomplete_exceeds_every_linear_bound_at_twelve_densities() -> None:
    numbers = summary("overcomplete_full")
    assert all(entry["failed"] == 0 for entry in numbers["failed_cells"].values())
    assert [entry["minimised"]["starts"] for entry in numbers["densities"]] == [4] * 12
    for entry in numbers["densities"]:
        for kind in ("minimised", "trained"):
            if entry["density"] < 1:
                assert entry[kind]["every_start_exceeds"]
            if entry["density"] < 0.05:
                assert entry[kind]["recovered"]["0.5"][1] >= 99
        if 0.006 < entry["density"] < 1:
            assert entry["minimised"]["recovery_sum_range"][0] > entry["mean_field_sum"]
    last = numbers["densities"][-1]
    assert last["minimised"]["recovery_sum_range"][0] < 0.99 * last["mean_field_sum"]


def test_longer_training_computes_no_more_absolute_values_than_a_few() -> None:
    rows = {each["density"]: each for each in summary("absolute_value_full")["densities"]}
    few = {each["density"]: each for each in summary("absolute_value")["densities"]}
    assert max(rows[0.3]["polysemantic"]) == max(rows[1.0]["polysemantic"]) == 0
    assert all(min(rows[p]["loss"]) < min(few[p]["loss"]) for p in rows)
    for p in (0.1, 0.03, 0.01, 0.003, 0.001):
        assert min(rows[p]["loss"]) < rows[p]["monosemantic_loss"]
        assert max(rows[p]["recovered"]) <= 27
    for p in (0.003, 0.001):
        assert 2 < min(rows[p]["loss"]) / rows[p]["motif_loss"] < 3
    assert min(rows[1.0]["loss"]) > 3.5 * rows[1.0]["monosemantic_loss"]
    assert 0.9 < min(rows[0.3]["loss"]) / rows[0.3]["monosemantic_loss"] < 1.01


def test_claims_of_longer_training_differ_in_one_verdict() -> None:
    few, many = (summary(name)["claims"] for name in ("absolute_value", "absolute_value_full"))
    turned = [one["claim"] for one, other in zip(few, many, strict=True)
              if one["agrees"] is not other["agrees"]]  # fmt: skip
    assert len(turned) == 1
    assert "more important than a polysemantic" in turned[0]
    now = next(each for each in many if each["claim"] == turned[0])
    assert now["agrees"]
    assert all(0.5 < share < 0.65 for share in now["value"])
    disagree = [each["claim"] for each in many if each["agrees"] is False]
    assert disagree == ["density 0.001: they are more than the 40 neurons"]


def test_one_attack_on_all_inputs_rises_with_features_per_dimension_but_not_closely() -> None:
    numbers = summary("adversarial_full")
    assert (numbers["features"], numbers["dimensions"]) == (400, 30)
    rows = [each["minimum"] for each in numbers["densities"]]
    values = [np.mean(row["vulnerability"]["all inputs"]) for row in rows]
    each_input = [np.mean(row["vulnerability"]["feature"]) for row in rows]
    stars = [row["features_per_dimension"] for row in rows]
    assert all(b > a for a, b in itertools.pairwise(stars))
    assert all(b > a for a, b in itertools.pairwise(each_input))
    assert int(np.argmax(values)) == len(values) - 2
    assert 7 < max(values) < 8
    assert values[-1] < 0.35 * stars[-1]
    frames = [value / row["theory"]["frame"] for value, row in zip(values, rows, strict=True)]
    assert 0.9 < min(frames) < max(frames) < 1.5
    verdicts = {each["claim"]: each["agrees"] for each in numbers["claims"]}
    for words, agrees in (("rises", True), ("highly", True), ("closely", False), ("slope", False)):
        found = [verdict for text, verdict in verdicts.items() if f" {words}" in text]
        assert len(found) == 6
        assert set(found) == {agrees}


def test_more_features_than_thirteen_a_dimension_are_detected_and_packed_less_well() -> None:
    numbers = summary("directions_full")
    assert (numbers["features"], numbers["dimensions"]) == (400, 30)
    sparse = numbers["densities"][-1]["minimised"]
    means = sparse["mean_over_features"]
    assert 0.93 < means["detection"][0] < 0.95
    assert 0.8 < means["recovery"][0] < 0.81
    assert abs(means["probe"][0] - 30 / 400) < 1e-9
    assert sparse["cosines"]["largest"][1] > numbers["bounds"]["packed_coherence"]
    assert sparse["cosines"]["mean_square"][2] < 1.001 * sparse["cosines"]["least_mean_square"][1]
    assert max(numbers["largest_z_scores"].values()) < 2.7
    for each in numbers["fewer_features"]:
        assert each["overlap_polished"][2] < 1e-10
    disagree = [each["claim"] for each in numbers["claims"] if each["agrees"] is False]
    words = ("a threshold on", "best linear probe recovers", "largest cos", "smallest cos")
    assert len(disagree) == len(words)
    assert all(word in text for word, text in zip(words, disagree, strict=True))
    coupling = "largest G_ij, i ≠ j, over -b_i"
    few = [each["agrees"] for each in summary("directions")["claims"] if coupling in each["claim"]]
    (now,) = [each for each in numbers["claims"] if coupling in each["claim"]]
    assert now["agrees"]
    assert max(now["value"]) < 0.92
    assert few == [False]


def test_more_networks_find_where_pairs_collapse() -> None:
    """p falling: three pairs, two, one, none in the lowest network; medians of trained ones."""
    rows = summary("correlated_full")["systems"]["three_correlated_pairs"]
    lowest = {each["density"]: each["collapsed"]["lowest"] for each in rows}
    for count, low, high in ((3, 0.42, 0.85), (2, 0.15, 0.35), (1, 0.09, 0.13), (0, 0.0, 0.07)):
        assert {k for p, k in lowest.items() if low <= p <= high} == {count}
    trained = {each["density"]: np.median(each["collapsed"]["trained"]) for each in rows}
    assert trained[0.07] == trained[0.06] == 1
    for count, low, high in ((3, 0.5, 0.9), (2, 0.17, 0.25), (1, 0.06, 0.13), (0, 0.0, 0.04)):
        assert {k for p, k in trained.items() if low <= p <= high} == {count}


def test_what_holds_for_sparse_correlated_features_does_not_when_dense() -> None:
    systems = summary("correlated_full")["systems"]
    pairs, tens = ({each["density"]: each for each in systems[name]}
                   for name in ("correlated_pairs", "sets_of_ten"))  # fmt: skip
    counts = {p: sum(each["collapsed"]["trained"]) for p, each in pairs.items()}
    assert counts == {0.2: 4, 0.1: 0, 0.05: 1, 0.02: 0}
    share = {}
    for p, each in tens.items():
        within, across = (each["mean_square_cosine"][kind][0] for kind in ("within", "across"))
        share[p] = within / (within + across)
    assert share[0.02] < 3e-4
    assert 0.01 < share[0.05] < 0.015
    assert 0.13 < share[0.1] < 0.15
    assert 0.27 < share[0.2] < 0.29


def test_claims_on_correlated_features_that_more_networks_turn() -> None:
    few, many = (summary(name)["claims"] for name in ("correlated", "correlated_full"))
    turned = [(other["claim"], one["agrees"], other["agrees"])
              for one, other in zip(few, many, strict=True)
              if one["agrees"] is not other["agrees"]]  # fmt: skip
    assert [verdicts for _, *verdicts in turned] == [[None, True], [True, False], [True, False]]
    words = ("independent, in the same sets", "p in [0.05, 0.15]", "less that of the theory")
    assert all(word in text for word, (text, *_) in zip(words, turned, strict=True))
    beyond = next(each["value"] for each in many if each["claim"] == turned[2][0])
    assert -1.1e-3 < beyond < -1e-3


def test_eighty_features_share_twenty_dimensions_as_twenty_share_five() -> None:
    numbers = summary("basic_results_full")
    assert all(entry["failed"] == 0 for entry in numbers["failed_cells"].values())
    small, large = numbers["systems"]
    for system in (small, large):
        dense, *sparse = system["densities"]
        assert dense["represented"] == system["dimensions"]
        assert dense["in_superposition"] == 0
        assert abs(dense["loss_over_linear"] - 1) < 1e-6
        for one, other in itertools.pairwise(system["densities"]):
            assert other["represented"] >= one["represented"]
            assert other["loss_over_linear"] < one["loss_over_linear"]
        assert all(entry["in_superposition"] > 0 for entry in sparse)
    found = [entry["represented"] for entry in large["densities"]]
    assert found == [20, 26, 33, 42, 49, 59, 67]
    last = large["densities"][-1]
    assert 0.045 < last["loss_over_linear"] < 0.047
    assert last["best_trained_over_best"] > 1.5
