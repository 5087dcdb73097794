"""What people are told: whole in every language, without jargon, never longer than the time there is."""

import re
import unicodedata
from importlib.resources import files

import pytest

from rampart.errors import InputError
from rampart.records import AlertStatus, Phase, TargetClass
from rampart.words import Notice, Subject, compose, compose_notice, language, languages, read_language
from rampart.words.compose import say_time
from rampart.words.language import GROUPS, MESSAGES, parse_language
from rampart.words.plural import RULES, form

ALL = [(phase, kind, s, status) for phase in Phase for kind in TargetClass for s in (25.0, float("nan"))
       for status in AlertStatus]  # fmt: skip
FIELDS = ("event", "headline", "description", "instruction", "spoken")
MARKS = "\u200e\u200f\u2066\u2067\u2068\u2069"


def source(tag):
    return (files("rampart.words") / "languages" / f"{tag}.toml").read_text(encoding="utf-8")


def strong(text):
    """The first letter with a direction of its own, found as by the bidirectional algorithm: isolates are skipped."""
    depth = 0
    for c in text:
        depth += (c in "\u2066\u2067\u2068") - (c == "\u2069")
        kind = unicodedata.bidirectional(c)
        if not depth and kind in ("L", "R", "AL"):
            return kind
    return None


def test_the_languages_of_the_issue_are_there():
    assert {"en", "ar", "ckb", "es"} <= set(languages())
    assert language("ckb").name == "Kurdish (Sorani)"


@pytest.mark.parametrize("tag", languages())
def test_every_message_can_be_said(tag):
    for phase, kind, seconds, status in ALL:
        words = compose(Subject(phase, kind, "Gate 4", seconds, status), tag)
        for field in FIELDS:
            text = getattr(words, field)
            assert text.strip()
            assert "{" not in text
            assert "nan" not in text
        assert "Gate 4" in words.headline
        assert "Gate 4" in words.spoken


@pytest.mark.parametrize("tag", languages())
def test_exercise_and_test_are_said_in_every_text_and_never_for_an_actual_warning(tag):
    prefixes = {
        status: language(tag).status[status.label]["prefix"] for status in (AlertStatus.EXERCISE, AlertStatus.TEST)
    }
    for phase, kind, seconds, status in ALL:
        words = compose(Subject(phase, kind, "North", seconds, status), tag)
        for field in FIELDS:
            text = getattr(words, field).lstrip(MARKS)
            if status == AlertStatus.ACTUAL:
                assert not any(p.casefold() in text.casefold() for p in prefixes.values())
            elif field == "spoken":
                assert text.startswith(language(tag).status[status.label]["spoken"])
            else:
                assert text.startswith(prefixes[status])


@pytest.mark.parametrize("tag", languages())
def test_phases_cannot_be_mistaken_for_one_another(tag):
    said = {p: compose(Subject(p, TargetClass.ROCKET, "North", 20.0, AlertStatus.ACTUAL), tag).headline for p in Phase}
    assert len(set(said.values())) == len(Phase)


@pytest.mark.parametrize("tag", languages())
def test_classes_of_threat_are_told_apart(tag):
    assert len(set(language(tag).event.values())) == len(GROUPS)
    kinds = {k: compose(Subject(Phase.SHELTER, k, "N", 9.0, AlertStatus.ACTUAL), tag).event for k in TargetClass}
    assert kinds[TargetClass.MULTIROTOR] == kinds[TargetClass.FIXED_WING] != kinds[TargetClass.ROCKET]
    assert kinds[TargetClass.SHELL] == kinds[TargetClass.MORTAR] != kinds[TargetClass.ROCKET]
    assert kinds[TargetClass.UNKNOWN] not in (kinds[TargetClass.ROCKET], kinds[TargetClass.MULTIROTOR])


@pytest.mark.parametrize("tag", languages())
def test_texts_from_right_to_left_say_so_and_isolate_names_that_run_the_other_way(tag):
    texts = language(tag)
    for phase, kind, seconds, status in ALL:
        for zone in ("North gate", "البوابة"):
            words = compose(Subject(phase, kind, zone, seconds, status), tag)
            for field in FIELDS[:4]:
                text = getattr(words, field)
                assert strong(text) in (("R", "AL") if texts.right_to_left else ("L",))
                assert text.startswith("\u200f") == texts.right_to_left
                assert text.count("\u2068") == text.count("\u2069")
                against = (zone == "North gate") == texts.right_to_left
                if zone in text:
                    assert (f"\u2068{zone}\u2069" in text) == against
            assert not set(words.spoken) & set(MARKS)


def test_a_name_cannot_put_words_into_a_text():
    words = compose(Subject(Phase.SHELTER, TargetClass.ROCKET, "{event} {time.__class__}", 9.0, AlertStatus.ACTUAL))
    assert "{event} {time.__class__}" in words.headline


def test_no_jargon():
    jargon = (
        r"\b(impact|track|threat|phase|ellipse|trajectory|c-?ram|ballistic|intercept|hostile|uav|uas|ordnance|"
        r"munition|probab\w*)\b"
    )
    for phase, kind, seconds, status in ALL:
        words = compose(Subject(phase, kind, "North", seconds, status))
        for field in FIELDS:
            assert not re.search(jargon, getattr(words, field), re.IGNORECASE)


@pytest.mark.parametrize("tag", languages())
def test_lost_cover_is_never_said_as_the_danger_being_over(tag):
    lost = compose_notice(Notice.COVERAGE_LOST, "North", AlertStatus.ACTUAL, tag)
    back = compose_notice(Notice.COVERAGE_BACK, "North", AlertStatus.ACTUAL, tag)
    over = compose(Subject(Phase.RELEASE, TargetClass.ROCKET, "North", 0.0, AlertStatus.ACTUAL), tag)
    assert len({lost.headline, back.headline, over.headline}) == 3
    assert lost.event == lost.headline
    assert "North" in lost.spoken


def test_time_is_never_said_longer_than_it_is():
    english = language("en")
    for tenths in range(10, 6000):
        said = say_time(tenths / 10, english)
        n, unit = said.split()
        assert int(n) * (60 if unit.startswith("minute") else 1) <= tenths / 10
    assert say_time(0.99, english) == say_time(float("nan"), english) == say_time(float("inf"), english) == ""


def test_a_message_without_time_left_names_none():
    for seconds in (0.0, 0.5, -3.0, float("nan")):
        words = compose(Subject(Phase.SHELTER, TargetClass.MORTAR, "North", seconds, AlertStatus.ACTUAL))
        assert words.description == "Mortar or artillery attack near North now."
        assert words.spoken == "Take shelter now. Mortar or artillery attack. North."


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (
            "arabic",
            {0: "zero", 1: "one", 2: "two", 3: "few", 10: "few", 11: "many", 99: "many", 100: "other", 103: "few"},
        ),
        ("slavic", {1: "one", 2: "few", 5: "many", 11: "many", 12: "many", 21: "one", 22: "few", 111: "many"}),
        ("hebrew", {1: "one", 2: "two", 3: "other"}),
        ("one_other", {0: "other", 1: "one", 2: "other"}),
        ("zero_one_other", {0: "one", 1: "one", 2: "other"}),
        ("none", {1: "other"}),
    ],
)
def test_plural_rules_are_those_of_the_cldr(rule, expected):
    assert {n: form(rule, n) for n in expected} == expected
    assert {form(rule, n) for n in range(1000)} <= set(RULES[rule][0])


def test_arabic_counts_seconds_as_arabic_does():
    arabic = language("ar")
    assert [say_time(s, arabic) for s in (1.0, 2.0, 5.0, 25.0)] == ["ثانية واحدة", "ثانيتين", "٥ ثوانٍ", "٢٥ ثانية"]


def test_a_new_language_is_a_file(tmp_path):
    path = tmp_path / "xx.toml"
    path.write_text(source("en").replace('"en"', '"xx"').replace("Rocket attack", "Raketenangriff"), encoding="utf-8")
    texts = read_language(path)
    words = compose(Subject(Phase.SHELTER, TargetClass.ROCKET, "Nord", 9.0, AlertStatus.ACTUAL), texts=texts)
    assert words.language == "xx"
    assert words.event == "Raketenangriff"


@pytest.mark.parametrize("tag", languages())
def test_no_text_can_go_missing_or_change_its_placeholders(tag):
    text = source(tag)
    lines = [i for i, line in enumerate(text.splitlines()) if re.match(r"\w+ = ", line)]
    assert len(lines) > 40
    optional = r"(digits|reviewed)"
    for i in lines:
        rows = text.splitlines()
        own_group = any(re.match(r"\[\w+\.\w+\]", r) for r in rows[max(0, i - 3) : i])
        if not re.match(optional, rows[i]) and not own_group:
            with pytest.raises(InputError, match=r"xx\.toml"):
                parse_language("\n".join(rows[:i] + rows[i + 1 :]), "xx.toml")
        if "{zone}" in rows[i]:
            broken = [*rows[:i], rows[i].replace("{zone}", "{zonne}"), *rows[i + 1 :]]
            with pytest.raises(InputError, match="may only name"):
                parse_language("\n".join(broken), "xx.toml")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('plural = "one_other"', 'plural = "two"', "plural"),
        ('direction = "ltr"', 'direction = "up"', "direction"),
        ("schema = 1", "schema = 2", "schema"),
        ("[event]", "[event", "not TOML"),
        ('rocket = "Rocket attack"', "rocket = 3", "one line of text"),
        ("[exercise]", "[nonsense]\na = 1\n[exercise]", "nonsense"),
        ("near {zone} in about {time}.", "near {zone} in {time.__class__}.", "may only name"),
        ("in about {time}.", "soon.", "must name"),
    ],
)
def test_bad_files_are_refused_with_file_and_reason(tmp_path, old, new, words):
    path = tmp_path / "bad.toml"
    assert old in source("en")
    path.write_text(source("en").replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=r"bad\.toml") as found:
        read_language(path)
    assert words in str(found.value)


def test_unknown_language_and_missing_file():
    with pytest.raises(InputError, match="no words in language 'tlh'"):
        language("tlh")
    with pytest.raises(InputError, match="cannot be read"):
        read_language("/no/such/file.toml")


def test_every_message_of_the_table_is_used():
    assert set(MESSAGES) == {phase.label for phase in Phase} | {notice.value for notice in Notice}
