"""The metrics: a row each."""

from hitherto.metrics.classes import accuracy, auc, entity_f1, exact, log_loss, score_of
from hitherto.metrics.forecast import coverage, crps, mae, mase, mse, rmse, smape
from hitherto.metrics.parts import Metric
from hitherto.metrics.texts import (
    bits_per_character,
    bleu,
    chrf,
    common,
    distinct,
    error_rate,
    exact_match,
    nats_of,
    overlap,
    perplexity,
    rouge,
)

__all__ = ["METRICS"]

_C, _T, _W = ("labels", "probabilities"), ("labels", "predicted"), ("texts", "references")

METRICS: dict[str, Metric] = {
    "accuracy": Metric("accuracy", "higher", accuracy, ("labels",)),
    "f1": Metric("f1", "higher", score_of(2, "positive"), _C),
    "precision": Metric("precision", "higher", score_of(0, "positive"), _C),
    "recall": Metric("recall", "higher", score_of(1, "positive"), _C),
    "macro_f1": Metric("macro_f1", "higher", score_of(2, "macro"), _C),
    "micro_f1": Metric("micro_f1", "higher", score_of(2, "micro"), _C),
    "exact": Metric("exact", "higher", exact, _C),
    "auc": Metric("auc", "higher", auc, _C),
    "log_loss": Metric("log_loss", "lower", log_loss, _C),
    "entity_f1": Metric("entity_f1", "higher", entity_f1, _T),
    "perplexity": Metric("perplexity", "lower", perplexity, ("nll", "tokens")),
    "bits_per_character": Metric("bits_per_character", "lower", bits_per_character, ("nll", "characters")),
    "nats": Metric("nats", "lower", nats_of, ("nll", "tokens")),
    "bleu": Metric("bleu", "higher", bleu, _W),
    "chrf": Metric("chrf", "higher", chrf, _W),
    "rouge1": Metric("rouge1", "higher", rouge(1, overlap), _W),
    "rouge2": Metric("rouge2", "higher", rouge(2, overlap), _W),
    "rougeL": Metric("rougeL", "higher", rouge(1, common), _W),
    "exact_match": Metric("exact_match", "higher", exact_match, _W),
    "wer": Metric("wer", "lower", error_rate(str.split), _W),
    "cer": Metric("cer", "lower", error_rate(lambda text: " ".join(text.split())), _W),
    "distinct_1": Metric("distinct_1", "higher", distinct(1), ("texts",)),
    "distinct_2": Metric("distinct_2", "higher", distinct(2), ("texts",)),
    "mae": Metric("mae", "lower", mae, ("actual", "median")),
    "mse": Metric("mse", "lower", mse, ("actual", "mean")),
    "rmse": Metric("rmse", "lower", rmse, ("actual", "mean")),
    "mase": Metric("mase", "lower", mase, ("actual", "median", "naive_scale")),
    "smape": Metric("smape", "lower", smape, ("actual", "median")),
    "crps": Metric("crps", "lower", crps, ("actual", "quantiles", "levels")),
    "coverage": Metric("coverage", "higher", coverage, ("actual", "quantiles", "levels")),
}
