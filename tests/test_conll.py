"""CoNLL and its kin: sentences between blank lines, columns by name or number, recognised by name and by shape."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from hitherto.data import conll, read
from hitherto.errors import DataError
from hitherto.spec import from_options
from hitherto.tasks.families import FAMILIES

ENTITIES = """-DOCSTART- -X- -X- O

EU NNP B-NP B-ORG
rejects VBZ B-VP O
German JJ B-NP B-MISC

Peter NNP B-NP B-PER
# NN O O

-DOCSTART- -X- -X- O
Brussels NNP B-NP B-LOC
"""

UNIVERSAL = """# newdoc id = d
# sent_id = 1
# text = du pain
1-2\tdu\t_\t_\t_\t_\t_\t_\t_\t_
1\tde\tde\tADP\t_\t_\t3\tcase\t_\t_
2\tle\tle\tDET\t_\t_\t3\tdet\t_\t_
2.1\t_\t_\tX\t_\t_\t_\t_\t_\t_
3\tpain\tpain\tNOUN\t_\t_\t0\troot\t_\t_

# text = # 20 000
1\t#\t#\tSYM\t_\t_\t2\tdep\t_\t_
2\t20 000\t20000\tNUM\t_\t_\t0\troot\t_\t_
"""


def write(path: Path, text: str) -> Path:
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("name", ["a.conll", "a.conll2003", "a.iob", "a.bio.gz"])
def test_tokens_between_blanks(tmp_path: Path, name: str, ending: str) -> None:
    table = read(write(tmp_path / name, ENTITIES.replace("\n", ending)))
    assert table.columns == ["1", "2", "3", "4"]
    assert [row["1"] for row in table] == [["EU", "rejects", "German"], ["Peter", "#"], ["Brussels"]]
    assert [row["4"] for row in table] == [["B-ORG", "O", "B-MISC"], ["B-PER", "O"], ["B-LOC"]]
    assert "read as CoNLL: a token a line, columns between blanks" in table.notes[0]
    assert str(table.error(1, "4", "oops")).endswith("line 7, column '4': oops")


def test_universal_dependencies(tmp_path: Path) -> None:
    table = read(write(tmp_path / "a.conllu", UNIVERSAL))
    assert table.columns[:4] == ["id", "form", "lemma", "upos"]
    assert [row["form"] for row in table] == [["de", "le", "pain"], ["#", "20 000"]]
    assert [row["upos"] for row in table] == [["ADP", "DET", "NOUN"], ["SYM", "NUM"]]
    assert "read as CoNLL-U" in table.notes[0]
    assert table.column(2) == "form"


def test_columns_may_be_named_by_the_file(tmp_path: Path) -> None:
    text = "# global.columns = FORM UPOS NER\n# text = a b\n# O\na\tX\tO\n\n#\tSYM\tO\n"
    table = read(write(tmp_path / "a.conllup", text.replace("# O\n", "")))
    assert table.columns == ["form", "upos", "ner"]
    assert [row["form"] for row in table] == [["a"], ["#"]]
    with pytest.raises(DataError, match="two columns have the same name"):
        read(write(tmp_path / "a.conllup", "# global.columns = FORM FORM\na\tX\n"))


def test_comments_are_none_of_the_tokens(tmp_path: Path) -> None:
    text = "# id 7f domain=train\nshe _ _ O\nwon _ _ O\n\n# O _ O\nx _ _ O\n"
    table = read(write(tmp_path / "a.conll", text))
    assert [row["1"] for row in table] == [["she", "won"], ["#", "x"]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a O\nb\n", "line 2: expected 2 fields between blanks, but found 1: 'b'"),
        ("a\tO\nb\tO\nc O\n", "line 3: expected 2 fields between tabs, but found 1: 'c O'"),
        ("", "the file is empty"),
        ("# text = nothing\n\n", "the file is empty"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DataError) as error:
        list(read(write(tmp_path / "a.conll", text)))
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (ENTITIES, True),
        (UNIVERSAL, True),
        ("a\tO\nb\tO\n\nc\tO\n", True),
        ("a\tO\nb\tO\nc\tO\n", False),  # no sentence ends
        ("a b c\nd e\n\nf g h\n", False),  # prose
        ("two words\n\ntwo words\n\ntwo words\n", False),  # a line each
        ("a dog\tD N\na cat\tD N\n\nthe dog\tD N\n", False),  # sentences in a table
        ("one\ntwo\n\nthree\n", False),  # a single column
        ("a,O\nb,O\n\nc,O\n", False),
    ],
)
def test_a_shape_is_recognised_whatever_the_name(tmp_path: Path, text: str, is_one: bool) -> None:
    assert conll.looks_like(write(tmp_path / "a.txt", text)) == is_one
    for name in ("a.txt", "a.tsv", "a.train", "a"):
        path = write(tmp_path / name, text)
        if is_one:
            assert "read as CoNLL" in read(path, sentences=True).notes[0]
        assert not any("CoNLL" in note for note in read(path, format="txt", sentences=True).notes)


def sentences(count: int, of: str = "{0} X {1}\n") -> str:
    words = {"DET": ["the", "a"], "NOUN": ["dog", "cat", "house"], "VERB": ["sees"]}
    lines: list[str] = []
    for i in range(count):
        tags = ("DET", "NOUN", "VERB", "DET", "NOUN")
        lines += [of.format(words[tag][i % len(words[tag])], tag) for tag in tags]
        lines.append("\n")
    return "".join(lines)


@pytest.mark.parametrize("name", ["a.conll", "a.txt", "train"])
@pytest.mark.parametrize("options", [{}, {"input": 1, "output": 3}, {"input": "1", "output": "3"}])
def test_tag_reads_sentences(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    path = write(tmp_path / name, sentences(40))
    spec = from_options("tag", str(path), **options)
    source, examples, valid = FAMILIES["pairs"].source.prepare(spec, str(path), None, {})
    assert (len(examples), len(valid)) == (36, 4)
    assert {len(x) for x in examples.x} == {5}
    assert source.codecs["output"].classes == ["DET", "NOUN", "VERB"]
    assert any("read as CoNLL" in note for note in source.notes)
    assert not any("single token" in note for note in source.choose(examples)[1])
    assert len(source.load(str(path))) == 40
    assert len(source.load(str(path), labelled=False)) == 40


def test_tag_takes_forms_and_their_parts_of_speech(tmp_path: Path) -> None:
    text = sentences(40, "1\t{0}\t_\t{1}\t_\t_\t_\t_\t_\t_\n")
    path = write(tmp_path / "a.conllu", text)
    for options in ({}, {"input": "form", "output": "upos"}):
        source, examples, _ = FAMILIES["pairs"].source.prepare(
            from_options("tag", str(path), **options), str(path), None, {}
        )
        assert source.codecs["output"].classes == ["DET", "NOUN", "VERB"]
        assert "house" in source.codecs["input"].vocabulary
        assert {len(x) for x in examples.x} == {5}


def test_tokens_come_first_and_labels_last() -> None:
    rows = [
        {"id": str(i), "tokens": ["a", "b"], "pos": ["X", "Y"], "ner": ["O", "O" if i else "B"]}
        for i in range(20)
    ]
    for given, expected in (
        (rows, ("tokens", "pos")),
        ([{k: row[k] for k in ("tokens", "ner")} for row in rows], ("tokens", "ner")),
        ([{"x": row["tokens"], "z": row["ner"]} for row in rows], ("x", "z")),
    ):
        source, _, _ = FAMILIES["pairs"].source.prepare(from_options("tag"), given, None, {})
        assert (source.spec.data.input[0], source.spec.data.output) == expected


def test_examples_of_a_single_step_are_warned_of_once() -> None:
    rows = [{"word": "dog" if i % 2 else "sees", "tag": "N" if i % 2 else "V"} for i in range(60)]
    source, examples, _ = FAMILIES["pairs"].source.prepare(from_options("tag"), rows, None, {})
    warned = [note for note in source.choose(examples)[1] if "every example has a single token" in note]
    assert len(warned) == 1
    assert "CoNLL" in warned[0]
    numbers = [{"x": float(i), "label": "ab"[i % 2]} for i in range(60)]
    for data, options, said in (
        (numbers, {}, "rows that share --id"),
        ([{"text": r["word"], "label": r["tag"]} for r in rows], {}, "--tokens chars"),
        ([{"a": 1.0 * i, "b": 2.0, "label": "ab"[i % 2]} for i in range(60)], {"input": ("a", "b")}, ""),
    ):
        spec = from_options("classify", output="label", **{"input": None, **options})
        source, examples, _ = FAMILIES["pairs"].source.prepare(spec, data, None, {})
        notes = [note for note in source.choose(examples)[1] if "single step" in note]
        assert len(notes) == bool(said)
        assert all(said in note for note in notes)
