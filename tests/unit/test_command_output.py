"""Why a command failed is what it wrote last, however much it wrote before."""

import pytest

from ecosobriety.outside.output import MOST, last_words


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("no column knid in rows.csv", "no column knid in rows.csv"),
        ("a\nb\nc\nd", "b / c / d"),
        (
            "x.py, line 5\nreturn self.get(k)\n^^^^^^^\n\nKeyError: 'k'\n",
            "x.py, line 5 / return self.get(k) / KeyError: 'k'",
        ),
        (f"{'a/b' * 60}\nread(x)\n^^^\nKeyError: 'k'", "read(x) / KeyError: 'k'"),
        (f"{'x' * 110}\nKeyError: 'k'", "KeyError: 'k'"),
        ("done\n2026-11-28 06:30:00,123 INFO ecosobriety.metering: stopped", "done"),
        ("", ""),
    ],
)
def test_the_end_is_kept(tmp_path, written, said):
    log = tmp_path / "log"
    log.write_text(f"before{written}", encoding="utf-8")
    assert last_words(log, len("before")) == said


def test_of_a_long_line_both_ends_are_kept(tmp_path):
    (tmp_path / "log").write_text(f"OSError: {'x' * 200} of tset.csv")
    found = last_words(tmp_path / "log", 0)
    assert found.startswith("OSError: x")
    assert found.endswith("x of tset.csv")
    assert len(found) <= MOST + 1
