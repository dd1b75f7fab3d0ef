"""The metrics: a row each."""

from hitherto.metrics.classes import accuracy, auc, entity_f1, exact, log_loss, right, score_of
from hitherto.metrics.forecast import (
    absolute,
    coverage,
    crps,
    each_of,
    mae,
    mase,
    mse,
    r2,
    rmse,
    scaled,
    smape,
    squared,
)
from hitherto.metrics.parts import Metric
from hitherto.metrics.texts import (
    bits_per_character,
    bleu,
    chrf,
    common,
    distinct,
    each_rouge,
    error_rate,
    matches,
    mean_over,
    nats_of,
    overlap,
    perplexity,
)

__all__ = ["METRICS"]

_C, _T, _W = ("labels", "probabilities"), ("labels", "predicted"), ("texts", "references")

METRICS: dict[str, Metric] = {
    "accuracy": Metric("accuracy", "higher", accuracy, ("labels",), right),
    "f1": Metric("f1", "higher", score_of(2, "positive"), _C),
    "precision": Metric("precision", "higher", score_of(0, "positive"), _C),
    "recall": Metric("recall", "higher", score_of(1, "positive"), _C),
    "macro_f1": Metric("macro_f1", "higher", score_of(2, "macro"), _C),
    "micro_f1": Metric("micro_f1", "higher", score_of(2, "micro"), _C),
    "exact": Metric("exact", "higher", exact, _C, right),
    "auc": Metric("auc", "higher", auc, _C),
    "log_loss": Metric("log_loss", "lower", log_loss, _C),
    "entity_f1": Metric("entity_f1", "higher", entity_f1, _T),
    "perplexity": Metric("perplexity", "lower", perplexity, ("nll", "tokens")),
    "bits_per_character": Metric("bits_per_character", "lower", bits_per_character, ("nll", "characters")),
    "nats": Metric("nats", "lower", nats_of, ("nll", "tokens")),
    "bleu": Metric("bleu", "higher", bleu, _W),
    "chrf": Metric("chrf", "higher", chrf, _W),
    "rouge1": Metric("rouge1", "higher", mean_over(each_rouge(1, overlap)), _W, each_rouge(1, overlap)),
    "rouge2": Metric("rouge2", "higher", mean_over(each_rouge(2, overlap)), _W, each_rouge(2, overlap)),
    "rougeL": Metric("rougeL", "higher", mean_over(each_rouge(1, common)), _W, each_rouge(1, common)),
    "exact_match": Metric("exact_match", "higher", mean_over(matches), _W, matches),
    "wer": Metric("wer", "lower", error_rate(str.split), _W),
    "cer": Metric("cer", "lower", error_rate(lambda text: " ".join(text.split())), _W),
    "distinct_1": Metric("distinct_1", "higher", distinct(1), ("texts",)),
    "distinct_2": Metric("distinct_2", "higher", distinct(2), ("texts",)),
    "mae": Metric("mae", "lower", mae, ("actual", "median"), each_of(absolute)),
    "mse": Metric("mse", "lower", mse, ("actual", "mean"), each_of(squared)),
    "rmse": Metric("rmse", "lower", rmse, ("actual", "mean")),
    "r2": Metric("r2", "higher", r2, ("actual", "mean")),
    "mase": Metric("mase", "lower", mase, ("actual", "median", "naive_scale"), each_of(scaled)),
    "smape": Metric("smape", "lower", smape, ("actual", "median")),
    "crps": Metric("crps", "lower", crps, ("actual", "quantiles", "levels")),
    "coverage": Metric("coverage", None, coverage, ("actual", "quantiles", "levels")),
}
