"""What the name of a metric, or of a column, says of it: its words, and which values are better."""

import re

_WORD = re.compile(r"[a-z]+[0-9]*|[0-9]+")
_CAMEL = re.compile(r"(?<=[a-z]{2})(?=[A-Z])")
"""Where a capital begins a word inside of a name, as in valAccuracy."""
HIGHER = frozenset(
    {
        *("accuracy", "acc", "auc", "auroc", "f1", "precision", "recall", "bleu", "rouge", "iou"),
        *("miou", "dice", "kappa", "mcc", "ndcg", "psnr", "ssim", "spearman", "pearson", "r2"),
    }
)
LOWER = frozenset(
    {
        *(
            "error",
            "err",
            "errors",
            "loss",
            "mse",
            "rmse",
            "mae",
            "mape",
            "nll",
            "logloss",
            "perplexity",
        ),
        *("ppl", "wer", "cer", "eer", "fid", "misclassification", "mistakes"),
    }
)
"""Words of metrics of which a higher, or a lower value is better in every field."""
_NEGATIVE = frozenset({"neg", "minus", "inverse", "inverted"})


def words(name: str) -> list[str]:
    """The words of a name, such as metrics.test_acc or testAcc, in small letters."""
    return _WORD.findall(_CAMEL.sub(" ", name.replace("kWh", "Kwh")).casefold())


def higher_by_name(name: str) -> bool | None:
    """Whether a higher value is better, by the name alone; None: it does not say.

    The last word decides: an error or a loss of something (a dice_loss) is an error. A drop of one
    says nothing, nor does a negative that may be the class's: recall_negative.
    """
    own = words(name)
    if not own or own[-1] not in HIGHER | LOWER:
        return None
    found = own[-1] in HIGHER
    if "negative" in own[:-1]:
        return not found if len(own) == 2 else None
    return found != bool(_NEGATIVE & {*own[:-1]})
