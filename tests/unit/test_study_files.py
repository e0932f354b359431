"""A study's file is read as it looks, or refused in one sentence with its line."""

import os
import re
import time

import pytest
from config_cases import KNOWN, SCHEMA, SMALLEST, outcome, refusal, sentence
from hypothesis import given, settings
from hypothesis import strategies as st

from ecosobriety.electricity.country_names import country_hint
from ecosobriety.errors import MAX_MESSAGE, ConfigError, EcosobrietyError, quote
from ecosobriety.study_config import files as study_files
from ecosobriety.study_config.config import complete
from ecosobriety.study_config.layers import blame, read_command_line
from ecosobriety.study_config.schema import read_schema

pytestmark = pytest.mark.slow

STUDY = (
    "study: small\ndataset: {name: digits}\nmodels: [{name: mlp}]\ngrid: {n_train: [200, 400]}\n"
)


def read(tmp_path, content, name="study.yaml"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return study_files.read(path)


def refused(tmp_path, content, name="study.yaml"):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, content, name)
    message = sentence(caught.value)
    path = str(tmp_path / name)
    return message.split(name, 1)[1] if path in message else message


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        # Text of another encoding
        ("title: été\n".encode("latin-1"), ": line 1 is not UTF-8 (byte 0xe9, in latin-1 é)"),
        ("study: a\n".encode("utf-16"), ": line 1 is not UTF-8 but UTF-16 or binary"),
        ("study: a\n".encode("utf-16-be"), ": line 1 is not UTF-8 but UTF-16 or binary"),
        (b"study: a\nx: \0\n", ": line 2 is not UTF-8 but UTF-16 or binary"),
        # Numbers and words that YAML 1.1 reads otherwise than they look
        (
            "grid:\n  n_train: [0200]\n",
            ", line 2: grid.n_train[0] is 0200, which YAML reads as 128",
        ),
        ("a: 1:30\n", ", line 1: a is 1:30, which YAML reads as 90"),
        ("a: -012\n", ", line 1: a is -012, which YAML reads as -10"),
        ("a: 1:30.5\n", ", line 1: a is 1:30.5, which YAML reads as 90.5"),
        ("a: !!int '0200'\n", ": line 1 has the tag !!int, which can change a value"),
        ("a: !!bool 'no'\n", ": line 1 has the tag !!bool"),
        ("a: 1\nb: [!!float '1:30']\n", ": line 2 has the tag !!float"),
        ("a: !!null 'x'\n", ": line 1 has the tag !!null"),
        ("a: !!set {x, y}\n", ": line 1 has the tag !!set"),
        ("d: {init_args: {country: NO}}\n", "d.init_args.country is NO, which YAML reads as false"),
        ("d:\n  init_args:\n    v: [yes]\n", ", line 3: d.init_args.v[0] is yes, which YAML reads"),
        ("d: {init_args: {v: {k: Off}}}\n", "d.init_args.v.k is Off, which YAML reads as false"),
        ("d: {init_args: {v: 1e-3}}\n", "is 1e-3, which YAML reads as text: a number is written"),
        ("d: {init_args: {v: -.5}}\n", "is -.5, which YAML reads as text: a number is written"),
        ("d: {init_args: {v: None}}\n", "is None, which YAML reads as text: nothing is written as"),
        *(
            (f"d:\n  init_args:\n    v: {number}\n", f"is {number}, which YAML reads as text: a")
            for number in (
                "(1, 2)",
                "1/3",
                "2 ** 8",
                "50%",
                "0,5",
                "64, 32",
                "1 000",
                "-inf",
                "NaN",
                "1e3",
            )
        ),
        # Number signs that end a text
        ("title: Study #3\n", ", line 1: title ends before #3, which YAML reads as a comment: put"),
        ("title:\n  en: A\n    study  #3 of 5\n", ", line 3: title.en ends before #3,"),
        ("dataset:\n  label: kind #2\n", ", line 2: dataset.label ends before #2,"),
        ("dataset:\n  features:\n    - mass #1\n", ", line 3: dataset.features[0] ends before"),
        # Commas that end a number
        ("a: {m: 0,05}\n", ", line 1: a holds 0,05, where YAML ends the number at the comma"),
        ("p: {FRA: 0,25, DEU: 1}\n", ", line 1: p holds 0,25, where YAML ends the number"),
        ("n: [1,000, 300]\n", ", line 1: n holds 1,000, where YAML ends the number"),
        ("n: [200, 1,400]\n", ", line 1: n holds 1,400, where YAML ends the number"),
        ("n: [1,500, 2,250]\n", ", line 1: n holds 1,500, where YAML ends the number"),
        ("p: {NO: 1}\n", ", line 1: p has the key NO, which YAML reads as false: write"),
        ("{on: 1}\n", "the whole file has the key on, which YAML reads as true"),
        ("1: 2\n", "the whole file has the key 1, which YAML reads as a number"),
        ("~: 2\n", "the whole file has the key ~, which YAML reads as null"),
        ("? [a]\n: 2\n", "the whole file has a list or a mapping as a key"),
        ("study: 2022-02-30\n", ': line 1 holds "2022-02-30", which YAML takes for a date'),
        ("study: 2022-01-01 25:00:00\n", "which YAML takes for a date"),
        (f"a:\n  b: {'9' * 5000}\n", "line 2 holds"),
        # The form
        ("a: 1\n\tb: 2\n", ": line 2, column 1 is not valid YAML: a tab stands where"),
        ("a:\n\t- 1\n", "a tab stands where YAML allows blanks only"),
        ("a: 1\n---\nb: 2\n", "is not valid YAML: another document begins: one is allowed"),
        ("a: 1\na: 2\n", "line 2, column 1 is not valid YAML: the key a occurs twice"),
        ("a: 1\n'a': 2\n", "the key a occurs twice"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n  <<: *x\n", "the key << occurs twice"),
        ("a: *gone\n", "is not valid YAML: found undefined alias"),
        ("[" * 100_000, ": line 1 is nested too deeply: at most 20 levels"),
        ("{" * 100_000, "is nested too deeply: at most 20 levels"),
        ("a: " + "- " * 5000 + "\n", ": line 1"),
        ("a: &x [*x]\n", ": line 1 is repeated inside itself by an alias"),
        ("a: &x {<<: *x}\n", ": line 1 is repeated inside itself by an alias"),
        ("a: !!python/object/apply:os.system [id]\n", "line 1, column 4 is not valid YAML: could"),
        # What would run
        ("__use_yte__: true\nstudy: a\n", ": __use_yte__ would run Python in this file"),
        ("__use_yte__: false\n", ": __use_yte__ would run Python"),
        ('{"__use_yte__": true}', ": __use_yte__ would run Python"),
        ("study: a\ntitle: x</Script>y\n", ": line 2 holds </Script, which would run or hide"),
        ("# <!-- \nstudy: a\n", ": line 1 holds <!--, which would run or hide"),
        # JSON
        ('{"a": 1, "a": 2}', 'is not valid JSON: the key "a" occurs twice'),
        ('{"a": ' * 20_000, "is nested too deeply"),
        (b"x" * (8 * 2**20 + 1), "has more than 8 MiB"),
    ],
)
def test_what_is_no_study_is_refused_with_its_line(tmp_path, content, expected):
    assert expected in refused(tmp_path, content)


def test_aliases_that_grow_are_refused_at_once(tmp_path):
    laughs = "a0: &a0 {k: [1, 2]}\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)
    )
    merges = "a0: &a0 {k: 1}\n" + "".join(
        f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}\n" for i in range(1, 30)
    )
    begin = time.process_time()
    for bomb in (laughs, merges):
        assert "has more than 1000000 values once its aliases" in refused(tmp_path, bomb)
    assert time.process_time() - begin < 2


def test_anchors_and_merges_are_read_as_yaml_says(tmp_path):
    content = "a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  b: 3\ne: *x\n"
    both = {"b": 1, "c": 2}
    assert read(tmp_path, content).content == {"a": both, "d": {"b": 3, "c": 2}, "e": both}


@pytest.mark.parametrize(
    "content",
    [
        b'\xef\xbb\xbf{"study": "a", "n": [1, 2.5, 1e3, null, true]}',
        b'{\n\t"study": "a",\n\t"n": [1, 2.5, 1e3, null, true]\n}\n',
        b"study: a\r\nn: [1, 2.5, 1.0e+3, null, true]\r\n",
    ],
)
def test_json_and_yaml_of_any_editor_are_read(tmp_path, content):
    assert read(tmp_path, content).content == {"study": "a", "n": [1, 2.5, 1000, None, True]}


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "absent", "socketless", "nul"])
def test_only_files_are_opened_and_nothing_waits(tmp_path, kind):
    path = tmp_path / kind
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "nul":
        path = tmp_path / "a\0b"
    expected = {"pipe": "is a named pipe", "folder": "is a folder", "device": "is a device"}
    with pytest.raises(ConfigError, match=expected.get(kind, "cannot be read")) as caught:
        study_files.read(path)
    sentence(caught.value)


def told(tmp_path, *contents, command_line=None):
    """What a user reads who gives these files, one before the other, and `--config`."""
    files = [read(tmp_path, text, f"{i}.yaml") for i, text in enumerate(contents, start=1)]
    merged = {}
    for layer in [file.content for file in files] + [command_line or {}]:
        for name, value in layer.items():
            both = isinstance(value, dict) and isinstance(merged.get(name), dict)
            merged[name] = merged[name] | value if both else value
    with pytest.raises(ConfigError) as caught:
        complete(merged, file="last.yaml", **KNOWN)
    return blame(caught.value, files, command_line or {}).replace(f"{tmp_path}/", "")


class TestBlame:
    def test_the_first_of_two_files_is_blamed_for_its_own(self, tmp_path):
        message = told(tmp_path, STUDY + "training: {epochs: 0}\n", "title: A title\n")
        assert message.startswith("1.yaml, line 5: training.epochs is 0, but must be")

    def test_the_last_file_that_set_a_key_is_blamed(self, tmp_path):
        message = told(tmp_path, STUDY + "training: {epochs: 0}\n", "training: {epochs: -1}\n")
        assert message.startswith("2.yaml, line 1: training.epochs is -1")

    def test_a_missing_key_is_blamed_on_who_set_its_section(self, tmp_path):
        message = told(tmp_path, STUDY.replace("name: digits", ""), "title: x\n")
        assert message.startswith("1.yaml: dataset.name is missing")
        message = told(tmp_path, "study: a\n", "title: x\n")
        assert re.search(r"1\.yaml and \S*2\.yaml: dataset is missing", message)

    def test_the_command_line_is_blamed_for_its_own(self, tmp_path):
        message = told(tmp_path, STUDY, command_line={"study": "a/b"})
        assert message.startswith('--config: study is "a/b", but must be text')

    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            ("title: on", "title is true, but must be one line of text of up to 200 characters, "
             "or one such line for each of the languages (YAML reads on as true: put text in "
             "quotes)"),
            ("title: NO", "(YAML reads NO as false: put text in quotes)"),
            ("title: 2022-01-01", "(YAML reads 2022-01-01 as a date: put text in quotes)"),
            ("metering: {country: NO}", "as false: put text in quotes; Norway is NOR)"),
            ("training: {learning_rate: 1.0e+400}", "is inf, but must be a number above 1e-10 and "
             "at most 100 (written 1.0e+400)"),
            ("training:\n  learning_rate: 1,5", "decimals have a point: write 1.5"),
            ("title: 0x1F", "title is 31, but must be one line of text of up to 200 characters, "
             "or one such line for each of the languages (YAML reads 0x1F as a number: put text "
             "in quotes)"),
            ("title: null", "(put text in quotes)"),
            ("title: ~", "(YAML reads ~ as null: put text in quotes)"),
        ],
    )  # fmt: skip
    def test_a_value_is_told_as_it_is_written(self, tmp_path, line, expected):
        assert expected in told(tmp_path, STUDY + line + "\n")


class TestCommandLine:
    """What Snakemake makes of `--config`: all that stands in brackets is text."""

    def read(self, **given):
        return read_command_line(read_schema(SCHEMA), given)

    def test_numbers_in_brackets_are_numbers(self):
        given = {"n_train": ["100", "200"], "coverage": ["0.5", "1"], "countries": ["FRA"]}
        assert self.read(grid=given) == {
            "grid": {"n_train": [100, 200], "coverage": [0.5, 1], "countries": ["FRA"]}
        }
        assert self.read(training={"checkpoint": "true", "learning_rate": "0.1"}) == {
            "training": {"checkpoint": True, "learning_rate": 0.1}
        }
        assert self.read(metering={"cpu_power_w": "null"}) == {"metering": {"cpu_power_w": None}}
        assert self.read(cost={"grid_price_per_kwh": {"FRA": "0.25"}}) == {
            "cost": {"grid_price_per_kwh": {"FRA": 0.25}}
        }

    def test_text_stays_text(self):
        given = {"name": "1", "label": "2022"}
        assert self.read(dataset=given, study="s") == {"dataset": given, "study": "s"}

    @pytest.mark.parametrize("written", ["0100", "1:30", "many", "1_0x", "[1", "1,5", "{}"])
    def test_what_is_no_number_stays_and_is_refused(self, written):
        assert self.read(grid={"n_train": [written]}) == {"grid": {"n_train": [written]}}

    def test_what_could_be_either_is_refused(self):
        for wrong in ({"init_args": {"width": "8"}}, {"path": "null"}, {"label": "~"}):
            with pytest.raises(ConfigError, match="hands on as text: write it in a file"):
                self.read(dataset={"name": "x", **wrong})

    @given(
        st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
    )
    @settings(max_examples=40, deadline=None)
    def test_anything_is_read_or_refused(self, value):
        for key in ("grid", "models", "dataset", "nonsense"):
            outcome(lambda given: read_command_line(read_schema(SCHEMA), given), {key: value})


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("UK", "(United Kingdom is GBR)"),
        ("England", "is GBR)"),
        ("fr", "(France is FRA)"),
        ("Fra", "(small letters are used: write FRA)"),
        ("Deutschland", "(Germany is DEU)"),
        ("ALLEMAGNE", "(Germany is DEU)"),
        ("Côte d'Ivoire", "is CIV"),
        ("Cote d Ivoire", "is CIV"),
        ("les États-Unis", "(United States is USA)"),
        ("United States of America", "(United States is USA)"),
        ("Russia", "is RUS"),
        ("South Korea", "is KOR"),
        ("Turkey", "is TUR"),
        ("Türkiye", "is TUR"),
        ("Holland", "(Netherlands is NLD)"),
        ("World", '("World" is an aggregate, no country)'),
        ("Monde", '("Monde" is an aggregate, no country)'),
        ("EU-27", '("EU-27" is an aggregate, no country)'),
        ("Europe", "is an aggregate"),
        ("OWID_WRL", "is an aggregate"),
        ("Western Africa", "is an aggregate"),
        ("Afrique occidentale", "is an aggregate"),
        ("NO", "(Norway is NOR)"),
        ("Kosovo", "may hold XKX)"),
        ("XKX", "may hold XKX)"),
        ("XKX ", "may hold XKX)"),
        ("FRA\u200b", "(blanks or invisible characters stand in it: write FRA)"),
        ("FRA\xa0", "(blanks or invisible characters stand in it: write FRA)"),
        (" FRA", "(blanks or invisible characters stand in it: write FRA)"),
        ("USSR", "no longer exists"),
        ("YUG", "no longer exists"),
        ("California", "(California is a part of United States, USA)"),
        ("US-TX", "(Texas is a part of United States, USA)"),
        ("Bayern", "is a part of Germany, DEU)"),
        ("Frannce", "(the nearest is FRA, France)"),
        ("Monaco", "(Monaco is MCO, but the country data do not have it)"),
        ("zzzz", ""), ("", ""), (7, ""), (False, ""), ("?", ""), ("x" * 5000, ""),
    ],
)  # fmt: skip
def test_a_hint_knows_the_country_that_is_meant(text, hint):
    known = ["CIV", "DEU", "FRA", "GBR", "KOR", "NLD", "NOR", "RUS", "TUR", "UKR", "USA"]
    found = country_hint(text, known)
    assert hint in found
    assert bool(hint) == bool(found)


@given(st.text())
@settings(max_examples=50, deadline=None)
def test_a_hint_never_fails(text):
    assert len(country_hint(text, ["FRA", "NOR"])) < MAX_MESSAGE


@given(st.text(min_size=1, max_size=2000) | st.text(st.characters(categories=["Cc", "Cf", "Cs"])))
@settings(deadline=None)
def test_every_message_is_one_short_line_with_its_beginning_and_its_end(text):
    message = sentence(EcosobrietyError(f"config/x.yaml: a is {text}, but must be b"))
    assert message.startswith("config/x.yaml: a is ")
    assert message.endswith(", but must be b")
    assert len(quote(text)) < 1000


def test_a_value_in_a_message_is_quoted():
    assert quote('a "b"') == '"a \\"b\\""'
    assert quote("\u202eabc\x1b[31m") == r'"\u202eabc\x1b[31m"'
    assert quote("x" * 200) == f'"{"x" * 79}…"'


def test_a_key_that_is_very_long_leaves_room_for_what_is_allowed():
    deep = {"x" * 500: {"y" * 500: 1}}
    message = refusal(SMALLEST | {"training": deep})
    assert "is not a known key, but must be one of epochs" in message


def test_numbers_with_no_blank_after_their_comma_are_items(tmp_path):
    assert read(tmp_path, "n: [100,300]\nm: {a: 1,b: 2}\n").content["n"] == [100, 300]


@pytest.mark.parametrize(
    ("lines", "key", "hint"),
    [
        ("grid: {n_train: [200, 400], countries: [NO, SE]}", "countries[0]", "Norway is NOR)"),
        ("grid: {n_train: [200, 400], countries: null}", "countries", "(put text in quotes)"),
        ("title: 2024", "title", "(YAML reads 2024 as a number: put text in quotes)"),
    ],
)
def test_what_yaml_made_of_text_is_told(tmp_path, lines, key, hint):
    text = STUDY if lines.startswith("title") else STUDY.rpartition("grid")[0]
    file = read(tmp_path, f"{text}{lines}\n")
    with pytest.raises(ConfigError) as caught:
        complete(file.content, file="study.yaml", **KNOWN)
    message = blame(caught.value, [file], {})
    assert key in message
    assert message.endswith(hint)


def test_comments_are_taken(tmp_path):
    content = "title: A study # 3\nstudy: a #2 of them\nn: 200 #1\nx: 'A #3' #4\nunit: C#3 #c\n"
    expected = {"title": "A study", "study": "a", "n": 200, "x": "A #3", "unit": "C#3"}
    assert read(tmp_path, content).content == expected


def test_what_looks_as_it_is_read_is_taken(tmp_path):
    arguments = "a: true, b: False, c: 'NO', d: 1.0e-3, e: 5, f: ~, g: adam, h: [1, 2.5], i: '1e-3'"
    arguments += ", j: 10-20"
    found = read(tmp_path, f"d: {{init_args: {{{arguments}}}}}\nt: !!str 0200\nu: yes\n").content
    assert found == {
        "d": {
            "init_args": {
                **{"a": True, "b": False, "c": "NO", "d": 0.001, "e": 5, "f": None, "g": "adam"},
                **{"h": [1, 2.5], "i": "1e-3", "j": "10-20"},
            }
        },
        "t": "0200",
        "u": True,
    }


@pytest.mark.parametrize("numbers", ["100,200, 300", "600, 300,\n 100", "300,100,200", "5, 3"])
def test_lists_of_numbers_are_taken(tmp_path, numbers):
    expected = [int(number) for number in numbers.split(",")]
    assert read(tmp_path, f"n: [{numbers}]\n").content == {"n": expected}
