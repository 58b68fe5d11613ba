"""Claims of the paper: recorded runs show what `docs/runs` says."""

import itertools

import numpy as np

from tests.recorded.summaries import summary


def test_absolute_value_is_computed_in_superposition_when_sparse() -> None:
    numbers = summary("absolute_value")
    rows = {each["density"]: each for each in numbers["densities"]}
    for p in (1.0, 0.3):
        assert max(rows[p]["polysemantic"]) == 0
        assert min(rows[p]["loss"]) > rows[p]["monosemantic_loss"]
    assert 10 < np.median(rows[0.03]["polysemantic"]) < 30
    for p in (0.01, 0.003, 0.001):
        assert np.median(rows[p]["polysemantic"]) / 40 > 0.85
        assert 20 < min(rows[p]["recovered"]) <= max(rows[p]["recovered"]) <= 25
        assert min(rows[p]["loss"]) < rows[p]["monosemantic_loss"]


def test_absolute_value_of_three_features_is_exact_or_the_motif() -> None:
    numbers = summary("absolute_value")
    six, four = (numbers[f"three_features_on_{name}_neurons"] for name in ("six", "four"))
    assert sum(loss < 1e-8 for loss in six["losses"]) == 6
    assert six["features_of_each_neuron"] == [1] * 6
    assert six["neurons_of_each_feature"] == [2] * 3
    assert 0.88 < four["losses"][0] / four["motif_loss"] < 1
    assert four["asymmetric_and_inhibited_pairs"] == four["pairs"] == 2


def test_claims_of_computation_in_superposition_have_the_verdicts_of_the_docs() -> None:
    claims = summary("absolute_value")["claims"]
    disagree = [each["claim"] for each in claims if each["agrees"] is False]
    assert disagree == ["density 0.001: they are more than the 40 neurons"]
    undecided = [each["claim"] for each in claims if each["agrees"] is None]
    assert sum("more important than a polysemantic" in text for text in undecided) == 1
    everywhere = next(each for each in claims if each["claim"].startswith("for comparison"))
    assert everywhere["value"] > 0.9


def test_correlated_pairs_collapse_in_the_order_of_the_paper_but_for_three() -> None:
    systems = summary("correlated")["systems"]
    lowest = {
        entry["density"]: entry["collapsed"]["lowest"]
        for entry in systems["three_correlated_pairs"]
    }
    assert [lowest[p] for p in (0.02, 0.03, 0.05, 0.07, 0.12, 0.17, 0.2)] == [0, 0, 0, 1, 1, 2, 2]
    assert [lowest[p] for p in (0.25, 0.35, 0.5, 0.7)] == [2, 2, 3, 3]


def test_claims_on_correlated_features_and_their_verdicts() -> None:
    claims = summary("correlated")["claims"]

    def verdicts(words: str) -> list[bool | None]:
        found = [line["agrees"] for line in claims if words in line["claim"]]
        assert found
        return found

    for words in (
        "Two correlated pairs in two dimensions, p",
        "two correlated sets of ten",
        "p in [0.15, 0.2]",
        "p in [0.05, 0.15]",
        "p in [0, 0.05]",
        "less that of the theory",
    ):
        assert all(verdicts(words))
    assert verdicts("p in [0.25, 0.5] (here 0.35, 0.25): pairs collapsed in the lowest") == [False]
    assert verdicts("PCA-like") == [False]
    assert verdicts("3 anticorrelated pairs") == [False]


def test_exact_minimum_of_anticorrelated_pairs_is_antipodal_and_free() -> None:
    for entry in summary("correlated")["systems"]["anticorrelated_pairs"]:
        assert entry["lowest_loss"] <= 1e-9 * entry["density"]
        assert all(cosine < -0.9999 for cosine in entry["cosines_of_lowest"])


def test_neurons_of_a_privileged_basis_have_the_codes_of_the_paper() -> None:
    """Monosemantic and polysemantic neurons, and features on the latter, whatever the threshold."""
    rows = {each["density"]: each for each in summary("privileged_basis")["densities"]}
    kinds = ("monosemantic", "polysemantic", "shared_features")
    codes = {p: tuple(each["code"][kind] for kind in kinds) for p, each in rows.items()}
    assert codes[1.0] == codes[0.7] == (5, 0, 0)
    assert codes[0.4] == codes[0.25] == (3, 2, 3)
    assert codes[0.15] == (2, 3, 5)
    assert codes[0.12] in ((1, 4, 6), (2, 3, 5))
    assert codes[0.08] == codes[0.05] == (0, 5, 8)
    for each in rows.values():
        for other in each["code_at_other_thresholds"]:
            assert [other[kind] for kind in kinds[:2]] == [each["code"][kind] for kind in kinds[:2]]
    for p in (0.03, 0.015):
        words = rows[p]["neurons_of_each_feature"]
        assert len(set(words)) == 10
        assert all(word.count("1") == 2 for word in words)


def test_a_thousand_networks_have_the_same_codes_at_lower_losses_but_at_one_density() -> None:
    few, many = (
        summary(name)["densities"] for name in ("privileged_basis", "privileged_basis_full")
    )
    kinds = ("polysemantic", "shared_features")
    for one, other in zip(few, many, strict=True):
        codes = [tuple(each["code"][kind] for kind in kinds) for each in (one, other)]
        assert codes[0] == codes[1] if one["density"] != 0.12 else codes == [(4, 6), (5, 8)]
        assert other["best_loss"] < 1.003 * one["best_loss"]
    lower = {one["density"]: 1 - other["best_loss"] / one["best_loss"]
             for one, other in zip(few, many, strict=True)}  # fmt: skip
    assert [round(100 * lower[p]) for p in (0.12, 0.08, 0.05)] == [1, 4, 2]
    claims = summary("privileged_basis_full")["claims"]
    assert not [each["claim"] for each in claims if each["agrees"] is False]
    undecided = [each["claim"] for each in claims if each["agrees"] is None]
    assert {text.partition(":")[0] for text in undecided} == {"density 0.12", "density 0.15"}


def test_dense_networks_of_a_privileged_basis_have_the_closed_form() -> None:
    """One feature a neuron, Σ_{i >= 5} I_i (p/3 - p²/4): 0.1 % and four standard errors."""
    numbers = summary("privileged_basis")
    tail = sum(0.75**i for i in range(5, 10))
    for each in numbers["densities"][:2]:
        p = each["density"]
        theirs = tail * (p / 3 - p**2 / 4)
        assert abs(each["monosemantic_loss"] / theirs - 1) < 1e-12
        error = 4 * each["standard_error"]
        assert abs(each["best_loss"] - theirs) < 1e-3 * theirs + error
    over = [each["best_over_monosemantic"] for each in numbers["densities"][1:]]
    assert all(b < a for a, b in itertools.pairwise(over))


def test_claims_of_a_privileged_basis_have_the_verdicts_of_the_docs() -> None:
    claims = summary("privileged_basis")["claims"]
    assert not [each["claim"] for each in claims if each["agrees"] is False]
    undecided = [each["claim"] for each in claims if each["agrees"] is None]
    assert len(undecided) == 2
    assert all(text.startswith("density 0.12:") for text in undecided)


def test_linear_probes_share_m_dimensions_at_every_density_and_thresholds_do_not() -> None:
    rows = {round(each["density"], 4): each for each in summary("directions")["densities"]}
    for each in rows.values():
        for kind in ("minimised", "trained"):
            means = each[kind]["mean_over_features"]
            assert abs(means["probe"][0] - 0.2) < 1e-9
            assert means["fitted_probe"][2] < 0.201
    sparse = rows[0.003]["minimised"]["mean_over_features"]
    assert sparse["detection"][1] > 0.97
    assert sparse["recovery"][1] > 0.94


def test_up_to_m_features_are_orthonormal() -> None:
    for each in summary("directions")["fewer_features"]:
        assert each["overlap_polished"][2] < 1e-10
        assert each["norm_error_polished"][2] < 1e-10
        assert each["moved"][2] < 5e-3


def test_sparse_directions_are_a_tight_frame_without_a_sum_and_with_a_ceiling() -> None:
    """At p = 0.31 twenty exact pairs; sparse, positive cosines end and negative ones do not."""
    numbers = summary("directions")
    pairs, *_, sparse = (each["minimised"] for each in numbers["densities"][1:])
    assert pairs["cosines"]["stored"] == [40, 40, 40]
    assert pairs["cosines"]["smallest"][0] < -0.99999
    cosines = sparse["cosines"]
    assert cosines["mean_square"][2] < 1.004 * cosines["least_mean_square"][1]
    assert sparse["sum_of_directions"][2] < 1e-3
    assert sparse["mean_direction"][2] < 1e-3
    assert cosines["largest"][2] < numbers["bounds"]["packed_coherence"] < -cosines["smallest"][2]
    assert cosines["positive"][2] < 0.28


def test_relu_filters_most_and_bias_nearly_all_of_the_interference() -> None:
    rows = summary("directions")["densities"]
    shares = {
        name: [each["minimised"]["read_outs"][f"relu_{name}_bias"]["filtered"][0] for each in rows]
        for name in ("without", "with")
    }
    assert shares["with"][0] < 0.01
    assert all(b > a for a, b in itertools.pairwise(shares["with"]))
    assert shares["with"][-1] > 0.995
    assert all(0.7 < each < 0.85 for each in shares["without"][1:])


def test_claims_on_directions_have_the_verdicts_of_the_docs() -> None:
    numbers = summary("directions")
    disagree = [each["claim"] for each in numbers["claims"] if each["agrees"] is False]
    words = ("best linear probe recovers", "smallest cos", "largest G_ij, i ≠ j, over -b_i")
    assert len(disagree) == len(words)
    assert all(word in text for word, text in zip(words, disagree, strict=True))
    assert max(numbers["largest_z_scores"].values()) < 3.3


def test_vulnerability_of_one_attack_on_all_inputs_has_a_maximum() -> None:
    numbers = summary("adversarial")
    rows = [each["minimum"] for each in numbers["densities"]]
    values = [np.mean(row["vulnerability"]["all inputs"]) for row in rows]
    stars = [row["features_per_dimension"] for row in rows]
    assert all(b > a for a, b in itertools.pairwise(stars))
    assert 0 < int(np.argmax(values)) < len(values) - 1
    assert 2.5 < max(values) < 3.5
    assert values[-1] < 0.2 * stars[-1]
    for row, value in zip(rows, values, strict=True):
        assert 0.8 < value / row["theory"]["frame"] < 1.25
        assert max(map(np.mean, row["vulnerability"].values())) < row["theory"]["bound"]


def test_claims_of_adversarial_vulnerability_have_the_verdicts_of_the_docs() -> None:
    numbers = summary("adversarial")
    verdicts = {each["claim"]: each["agrees"] for each in numbers["claims"]}
    for words, one, each in (
        ("vulnerability rises", None, True),
        ("highly correlated", False, True),
        ("closely tracks", False, False),
        ("slope of log", False, False),
    ):
        found = {text: agrees for text, agrees in verdicts.items() if words in text}
        assert len(found) == 6
        for text, agrees in found.items():
            assert agrees is (one if "for all inputs" in text else each)
    assert all(agrees for text, agrees in verdicts.items() if text not in _paper(verdicts))
    assert 2 < numbers["follows_up_to_features_per_dimension"]["all inputs"] < 3


def _paper(verdicts: dict[str, bool | None]) -> list[str]:
    words = ("vulnerability rises", "highly correlated", "closely tracks", "slope of log")
    return [text for text in verdicts if any(each in text for each in words)]
