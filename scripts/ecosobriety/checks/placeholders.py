"""Classes that are named as missing values are: what programs and people write for no answer."""

import re
from collections.abc import Iterator, Mapping
from statistics import median

from ecosobriety.datasets.findings import Finding, short

FAR_CODES = frozenset({"-99", "-999", "-9999", "999", "9999", "99999"})
CODES = frozenset({"-1", "-9", "-99", "-100", "-999", "-9999", "9", "99", "999", "9999", "255"})
"""What is written for an unknown class where classes are counted; -100 is PyTorch's."""
_ENDS = (sign * (2**bits - (sign > 0)) for bits in (15, 16, 31, 32, 63, 64) for sign in (-1, 1))
FAR_CODES |= {str(end) for end in _ENDS}
"""A missing number that was made a whole one is the first or the last of its type."""
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_SIGNS = re.compile(r"[-+](/?[-+])?")
"""Of a gene, +/+ and -/- are answers, too."""
MISSING = frozenset({"-", "n/a", "na", "nan", "nil", "null", "n.a.", "#n/a", "--", "---", "..."})
"""What programs write for a missing value; also the name of a class, for all one can know."""
UNKNOWN = frozenset(
    {
        *("unknown", "unknow", "unk", "undefined", "unspecified", "not specified", "unlabeled"),
        *("unlabelled", "unclassified", "missing", "not available", "not applicable", "todo"),
        *("to check", "to be checked", "to verify", "to review", "needs review"),
        *("to do", "to label", "to be labelled", "to be labeled", "tba", "tbd", "fixme", "xxx"),
        *(
            "no label",
            "no class",
            "not labeled",
            "not labelled",
            "not known",
            "no data",
            "no answer",
        ),
        *(
            "none of these",
            "none of the above",
            "none of them",
            "placeholder",
            "dummy",
            "unassigned",
        ),
        *("not identified", "not classified", "not given", "unidentified", "undetermined", "indet"),
        *("can't tell", "cant tell", "cannot tell", "can't say", "cannot say", "unkn", "dont know"),
        *("not sure", "unsure", "do not know", "don't know"),
        *("uncategorized", "uncategorised", "undef", "idk"),
        *("nat", "pd.na", "\\n", "."),
        *("to be defined", "to be determined", "to be confirmed", "not stated", "not reported"),
        *("not recorded", "not determined", "null class", "—", "–"),
    }
)
"""What people write for it."""
FOREIGN = frozenset(
    {
        *("unbekannt", "keine angabe", "k.a.", "nicht klassifiziert", "nicht angegeben"),
        *("nicht bekannt", "nicht verfügbar", "keine daten", "fehlend", "weiss nicht"),
        *("inconnu", "inconnue", "non renseigné", "non renseignée", "sans réponse", "à faire"),
        *("sans étiquette", "non étiqueté", "non étiquetée", "non classé", "non classée"),
        *(
            "non précisé",
            "non précisée",
            "non disponible",
            "ne sait pas",
            "nsp",
            "indéterminé",
            "s/o",
        ),
        *("desconocido", "desconocida", "sin dato", "sin datos", "n/d", "sin clasificar"),
        *("sin etiqueta", "sin respuesta", "no disponible", "no especificado", "no aplica"),
        *("no sabe", "ns/nc", "no informado", "sin información", "sin especificar"),
        *("desconhecido", "desconhecida", "não informado", "não informada", "sem informação"),
        *("sem dados", "não disponível", "não se aplica", "não sabe", "ignorado"),
        *("sconosciuto", "sconosciuta", "non noto", "non specificato", "non disponibile"),
        *("non classificato", "nessuna risposta", "non so", "non pervenuto"),
        *("onbekend", "niet bekend", "niet ingevuld", "geen antwoord", "weet niet", "n.v.t."),
        *("ukjent", "ikke oppgitt", "ukendt", "uoplyst", "ikke oplyst", "okänd", "okänt"),
        *("uppgift saknas", "ej angivet", "vet ej", "vet ikke", "tuntematon", "ei tiedossa"),
        *("nieznany", "nieznana", "nieznane", "brak", "brak danych", "nie dotyczy", "nie wiem"),
        *("neznámý", "neznámé", "neuvedeno", "nezjištěno", "ismeretlen", "nincs adat"),
        *("necunoscut", "nepoznato", "неизвестно", "неизвестный", "неизвестен", "не указано"),
        *("нет данных", "не знаю", "невідомо", "неизвестна", "άγνωστο", "bilinmiyor"),
        *("belirtilmemiş", "veri yok", "tidak diketahui", "không rõ", "غير معروف", "לא ידוע"),
        *(
            "不明",
            "未知",
            "不详",
            "不詳",
            "未定",
            "無回答",
            "未回答",
            "未填",
            "缺失",
            "未分類",
            "未分类",
        ),
        *("알 수 없음", "미상", "무응답", "अज्ञात", "ไม่ทราบ"),
    }
)
"""The same in other languages than English."""
REST = frozenset(
    {
        *("other", "others", "dk", "refused", "rf", "sonstige", "sonstiges", "andere", "autre"),
        *("autres", "otro", "otra", "otros", "outro", "outros", "altro", "altri", "overig"),
    }
)
"""What stands beside such words in one name, such as other/unknown."""
_JOINED = frozenset(word.replace(" ", "") for word in MISSING | UNKNOWN | FOREIGN)
EMPTY = frozenset({"none", "empty", "blank", "void", "neither", "vide", "aucun", "aucune", "leer"})
"""The same of words that name one of two classes, too: empty and occupied."""
RARELY = frozenset(
    {
        *("x", "xx", "test", "tmp", "temp", "skip", "ignore", "invalid", "asdf", "check"),
        *("delete", "deleted", "remove", "removed", "exclude", "excluded", "discard", "discarded"),
        *("garbage", "junk", "unclear", "uncertain", "undecided", "indeterminate", "pending"),
        *("no response", "n.d.", "n.r."),
    }
)
"""The same of words that are names of classes as well, and of few rows where they are none."""
ZEROS, SHORTEST_WORD, MOST_OFTEN = frozenset({"0", "0.0"}), 3, 0.1
"""What gaps are filled with; letters of a word at least; and share of the rows of such a name."""
TIMES_RARER = 10
"""So many times rarer than half of the other classes is a class of few rows."""
_FAILED = re.compile(
    r"#[¡¿]?[^\W\d_][\w/ ]*[!?]|#[^\W\d_]{1,2}/[^\W\d_]|#(nv|yok|getting_data|hiányzik|#+)|err:\d+"
    r"|#není_k_dispozici"
)
"""What a spreadsheet writes where a formula fails or finds nothing, in any language, or where a
column is too narrow for a number."""
_BETWEEN = re.compile(r" ?/ ?| or | oder | ou | o ")
_AROUND = " _*.,:?<>[](){}'\"-"
"""What stands around such words, where it is not all that there is."""


def find_placeholders(counts: Mapping[str, int]) -> Iterator[Finding]:
    """Find classes that are named as missing values are.

    Args:
        counts: how often each class comes.
    """
    marks = {name for name in counts if _is_placeholder(name, several=len(counts) > 2)}
    # Of a sign and its opposite, both are answers.
    if any(_SIGNS.fullmatch(name) and "+" in name for name in counts):
        marks -= {name for name in marks if _SIGNS.fullmatch(name)}
    # No program writes these so: sodium, and a province.
    marks -= {"Na", "Nan"}
    # Python's own word has one capital; written as all others are, it is one of the answers.
    for same in (str.lower, str.upper):
        if all(name == same(name) for name in counts):
            marks.discard(same("none"))
    numbers = [name for name in counts if NUMBER.fullmatch(name)]
    # One number among words.
    if len(numbers) == 1 and len(counts) > 2:
        marks |= {*numbers} & (CODES | FAR_CODES)
    marks |= _alone_among_words(counts)
    if len(counts) > 2:
        usual = median(counts.values())
        marks |= {n for n in counts if n.casefold() in RARELY and TIMES_RARER * counts[n] <= usual}
    named = {short(name): counts[name] for name in counts if name in marks}
    if named:
        yield Finding("classes_like_missing", False, {"names": named})


def _alone_among_words(counts: Mapping[str, int]) -> set[str]:
    """The one name of few rows that is 0, as programs fill gaps, or signs, among words."""
    odd = {name for name in counts if name in ZEROS or not any(map(str.isalnum, name))}
    # Of blood groups and of marks, 0 and a sign are as good as a letter.
    words = all(sum(map(str.isalpha, name)) >= SHORTEST_WORD for name in {*counts} - odd)
    rare = MOST_OFTEN * sum(counts.values())
    return odd if len(odd) == 1 and len(counts) > 2 and words and counts[min(odd)] < rare else set()


def _is_placeholder(name: str, *, several: bool) -> bool:
    """Whether a name, of one of two classes or of several, stands for none."""
    written = name.casefold().replace("’", "'")
    parts = _BETWEEN.split(written)
    if len(parts) > 1 and all(parts) and any(map(_stands_for_none, parts)):
        return all(part in REST or _stands_for_none(part) for part in parts)
    return _stands_for_none(written) or (several and _bare(written) in EMPTY)


def _stands_for_none(written: str) -> bool:
    """The same of a name in small letters, whatever the number of classes."""
    word = _bare(written)
    known = written.strip("?") == "" or written in MISSING | UNKNOWN | FOREIGN or word in _JOINED
    return known or _FAILED.fullmatch(written) is not None


def _bare(written: str) -> str:
    """A name without what stands around and between its words."""
    return re.sub(r"[-_ ]+", "", written.strip(_AROUND))
