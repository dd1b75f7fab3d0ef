"""The heads: a row each."""

from dataclasses import replace
from typing import Annotated

from msgspec import Meta

from hitherto.bounds import Size
from hitherto.heads.chain import chain_log_prob, chain_mean, chain_sample, chain_size
from hitherto.heads.classes import (
    pointer_log_prob,
    pointer_mean,
    pointer_sample,
    sigmoid_log_prob,
    sigmoid_mean,
    sigmoid_sample,
    sigmoid_size,
    softmax_log_prob,
    softmax_losses,
    softmax_mean,
    softmax_sample,
    softmax_size,
)
from hitherto.heads.crf import CrfLive, crf_answers, crf_log_prob, crf_mean, crf_sample, crf_size
from hitherto.heads.ctc import ctc_log_prob, ctc_sample, ctc_size
from hitherto.heads.forecast import (
    forecast,
    gaussian_around,
    gaussian_log_prob,
    gaussian_mean,
    gaussian_quantile,
    gaussian_sample,
    negative_binomial_log_prob,
    negative_binomial_mean,
    negative_binomial_quantile,
    negative_binomial_sample,
    quantile_around,
    quantile_factors,
    quantile_log_prob,
    quantile_mean,
    quantile_middle,
    quantile_quantile,
    quantile_sample,
    student_t_around,
    student_t_log_prob,
    student_t_quantile,
    student_t_sample,
)
from hitherto.heads.mixture import (
    mixture_log_prob,
    mixture_mean,
    mixture_sample,
    mixture_size,
    mixture_stands,
)
from hitherto.heads.parts import Beside, Head, Whole, check_levels, no_quantile

__all__ = ["HEADS"]

HEADS: dict[str, Head] = {
    "softmax": Head(
        "softmax",
        softmax_size,
        softmax_mean,
        no_quantile("softmax"),
        softmax_sample,
        softmax_log_prob,
        {"classes": Size},
        losses=softmax_losses,
    ),
    "pointer": Head(
        "pointer",
        softmax_size,
        pointer_mean,
        no_quantile("pointer"),
        pointer_sample,
        pointer_log_prob,
        {"classes": Size},
        beside=Beside(
            "copy",
            "gate",
            {"input_size": Size},
            lambda o: {"weight": (1, o["input_size"]), "bias": (1,)},
            gate=True,
        ),
        copies=True,
    ),
    "sigmoid": Head(
        "sigmoid",
        sigmoid_size,
        sigmoid_mean,
        no_quantile("sigmoid"),
        sigmoid_sample,
        sigmoid_log_prob,
        {"labels": Size},
    ),
    "ctc": Head(
        "ctc",
        ctc_size,
        softmax_mean,
        no_quantile("ctc"),
        ctc_sample,
        ctc_log_prob,
        {"classes": Size},
    ),
    "crf": Head(
        "crf",
        crf_size,
        crf_mean,
        no_quantile("crf"),
        crf_sample,
        crf_log_prob,
        {"classes": Size},
        beside=Beside(
            "crf",
            "linked",
            {"classes": Size},
            lambda o: {
                "transitions": (o["classes"], o["classes"]),
                "start": (o["classes"],),
                "end": (o["classes"],),
            },
            lends=("transitions", "start", "end"),
        ),
        whole=Whole(crf_answers, CrfLive),
    ),
    "chain": Head(
        "chain",
        chain_size,
        chain_mean,
        no_quantile("chain"),
        chain_sample,
        chain_log_prob,
        {"labels": Size, "hidden": Size},
        beside=Beside(
            "chain",
            "chained",
            {"labels": Size, "hidden": Size},
            lambda o: dict.fromkeys(("W", "V"), (o["labels"], o["hidden"])),
            lends=("W", "V"),
        ),
    ),
    "mixture": Head(
        "mixture",
        mixture_size,
        mixture_mean,
        no_quantile("mixture", "points of a plane"),
        mixture_sample,
        mixture_log_prob,
        {"components": Size, "ends": bool},
        frozenset({"ends"}),
        stands=mixture_stands,
    ),
    "quantile": replace(
        forecast(
            "quantile",
            lambda levels: len(check_levels(levels)),
            quantile_mean,
            quantile_quantile,
            quantile_sample,
            quantile_log_prob,
            levels=Annotated[list[float], Meta(min_length=1, max_length=1000)],
        ),
        moves=lambda levels, **_options: len(levels),
        around=quantile_around,
        factors=quantile_factors,
        middle=lambda levels, **_options: quantile_middle(levels),
    ),
    "gaussian": replace(
        forecast("gaussian", lambda: 2, gaussian_mean, gaussian_quantile, gaussian_sample, gaussian_log_prob),
        around=gaussian_around,
    ),
    "student_t": replace(
        forecast(
            "student_t", lambda: 3, gaussian_mean, student_t_quantile, student_t_sample, student_t_log_prob
        ),
        around=student_t_around,
    ),
    "negative_binomial": replace(
        forecast(
            "negative_binomial",
            lambda: 2,
            negative_binomial_mean,
            negative_binomial_quantile,
            negative_binomial_sample,
            negative_binomial_log_prob,
        ),
        counts=True,
    ),
}
