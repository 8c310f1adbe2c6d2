"""The literature: each citation has its entry in docs/references.bib, and each entry is cited."""

import ast
import io
import re
import tokenize
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BIBLIOGRAPHY = ROOT / "docs/references.bib"
PLACES = ["jit_gym", "agents", "benchmarks", "tests", "configs", "docs", "notebooks", "README.md", "results/README.md"]
VENUES = {"journal", "booktitle", "publisher", "institution", "howpublished"}
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"

NAME = r"(?:(?:[Vv]an de[nr]?|[Vv]an|[Dd]e) )?[A-Z][\w’-]+"
CITATION = re.compile(
    rf"\b(?!(?:{MONTHS})\b)(?P<authors>{NAME}(?:(?:, and |, | and | & ){NAME})*(?: et al\.)?)(?:'s)?"
    r",? \(?(?P<year>(?:18|19|20)\d\d[a-z]?)\b(?![-\d])"
)

YEAR = re.compile(r"(?:18|19|20)\d\d")
ENTRY = re.compile(r"@(?P<type>[a-z]+)\{(?P<key>[a-z]+\d{4}[a-z]?),\n(?P<fields>(?:  [a-z]+ = \{.*\},\n)+)\}\n")
FIELD = re.compile(r"  ([a-z]+) = \{(.*)\},\n")


def entries(text: str) -> dict[str, dict[str, str]]:
    """Parse a bibliography of the layout that its head describes: one field a line, in braces that balance.

    Raises:
        ValueError: names what is left over, a key that stands twice, or a field whose braces do not balance.
    """
    rest = re.sub(r"^%.*\n", "", ENTRY.sub("", text), flags=re.MULTILINE).strip()
    if rest:
        raise ValueError(f"not an entry: {rest[:80]!r}")
    found: dict[str, dict[str, str]] = {}
    for entry in ENTRY.finditer(text):
        key, pairs = entry["key"], FIELD.findall(entry["fields"])
        if key in found or len(dict(pairs)) < len(pairs):
            raise ValueError(f"{key}: stands twice, or a field of it does")
        for name, value in pairs:
            depths = [value[: k + 1].count("{") - value[: k + 1].count("}") for k in range(len(value))]
            if not value.strip() or min(depths) < 0 or depths[-1]:
                raise ValueError(f"{key}: {name} is empty, or its braces do not balance")
        found[key] = dict(pairs)
    return found


def plain(name: str) -> str:
    """Return a name in ASCII: Künsch is Kunsch."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()


def surnames(entry: dict[str, str]) -> list[str]:
    """Return the surnames of an entry's authors, which are written `Surname, Initials and Surname, Initials`."""
    return [author.split(",")[0] for author in entry["author"].split(" and ")]


def label(entry: dict[str, str]) -> str:
    """Return how an entry's authors are cited: one by name, two joined by "and", more as the first "et al."."""
    names = surnames(entry)
    return " and ".join(names) if len(names) <= 2 else f"{names[0]} et al."


def key_of(authors: str, year: str) -> str:
    """Return the key of a citation: the first author's surname in lower-case ASCII letters, and the year."""
    first = re.split(r", | and | & | et al\.", authors)[0]
    return re.sub("[^a-z]", "", plain(first).lower()) + year


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each docstring and comment of a module, or the whole of another file."""
    text = path.read_text(encoding="utf-8")
    if not YEAR.search(text):  # what cites names a year; to parse the others takes seconds
        return
    if path.suffix != ".py":
        lines = (re.sub(r"^\s*#+ ?", "", line) for line in text.splitlines())
        yield 1, " ".join(" ".join(lines).split())
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, " ".join(node.value.value.split())
    block: list[str] = []
    begin = last = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            if token.start[0] != last + 1:
                yield begin, " ".join(block)
                block, begin = [], token.start[0]
            block.append(token.string.lstrip("#: "))
            last = token.start[0]
    yield begin, " ".join(block)


def citations(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield the authors, the year and the wording of each citation in a text."""
    for found in CITATION.finditer(text):
        yield found["authors"], found["year"], found[0]


def complaints(text: str, bibliography: dict[str, dict[str, str]], formal: bool = True) -> list[str]:
    """Return what is wrong with the citations of a text; `formal` if their form must be the one in use."""
    wrong = []
    for authors, year, wording in citations(text):
        key = key_of(authors, year)
        if key not in bibliography:
            wrong.append(f"{wording!r}: there is no {key} in {BIBLIOGRAPHY.name}")
        elif formal and (plain(authors).lower() != plain(label(bibliography[key])).lower() or f", {year}" in wording):
            wrong.append(f"{wording!r}: write {label(bibliography[key])} {year}")
    return wrong


def sources() -> list[Path]:
    """List the files that may cite, this one left out, which holds wrong ones."""
    files: list[Path] = []
    for place in PLACES:
        path = ROOT / place
        files += [path] if path.is_file() else [p for p in path.rglob("*") if p.suffix in (".py", ".yaml", ".md")]
    return sorted(path for path in files if path != Path(__file__))


@pytest.fixture(scope="module")
def texts() -> list[tuple[Path, int, str]]:
    """Return the docstrings, comments and documents that may cite: file, line and text of each."""
    return [(path, line, text) for path in sources() for line, text in prose(path)]


@pytest.fixture(scope="module")
def bibliography() -> dict[str, dict[str, str]]:
    """Return the entries of docs/references.bib."""
    return entries(BIBLIOGRAPHY.read_text(encoding="utf-8"))


def test_each_citation_has_an_entry(bibliography, texts):
    """In docstrings, comments, documents and scenarios; what a scenario says to its readers may name all authors."""
    wrong = [
        f"{path.relative_to(ROOT)}, line {line}: {complaint}"
        for path, line, text in texts
        for complaint in complaints(text, bibliography, formal=path.suffix != ".yaml")
    ]
    assert not wrong, "\n".join(wrong)


def test_each_entry_is_cited(bibliography, texts):
    """What nothing cites any more is dropped."""
    cited = {key_of(authors, year) for _, _, text in texts for authors, year, _ in citations(text)}
    assert set(bibliography) <= cited, sorted(set(bibliography) - cited)


def test_each_entry_is_complete(bibliography):
    """An author, a title, a year and a venue, the key that follows from them, and where there is a DOI, 10.x/y."""
    for key, entry in bibliography.items():
        assert {"author", "title", "year"} <= set(entry), key
        assert VENUES & set(entry), f"{key}: there is no venue"
        assert re.fullmatch(rf"{key_of(surnames(entry)[0], entry['year'])}[a-z]?", key), key
        assert re.fullmatch(r"10\.\d{4,9}/\S+", entry.get("doi", "10.1000/none")), key
    assert list(bibliography) == sorted(bibliography)
    dois = [entry["doi"].lower() for entry in bibliography.values() if "doi" in entry]
    assert len(set(dois)) == len(dois)


def test_letters_tell_works_of_one_year_apart(bibliography):
    """There is an a where there is a b, and none where there is but one."""
    lettered = {key[:-1] for key in bibliography if key[-1].isalpha()}
    for stem in lettered:
        letters = sorted(key[-1] for key in bibliography if key[:-1] == stem)
        assert letters == [chr(ord("a") + k) for k in range(len(letters))], stem
        assert len(letters) > 1, stem
        assert stem not in bibliography


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("It is optimal (Scarf 1960; Zheng and Federgruen 1991).", []),
        ("Gijsbrechts et al. (2022) and Zipkin's (2008) figures, of van Jaarsveld and Arts (2024).", []),
        ("A fire on 1 February 1997.", []),
        ("So it is (Nobody 1999).", ["'Nobody 1999': there is no nobody1999 in references.bib"]),
        ("So it is (Scarf 1961).", ["'Scarf 1961': there is no scarf1961 in references.bib"]),
        ("(Gijsbrechts, Boute, Van Mieghem and Zhang 2022)", ["write Gijsbrechts et al. 2022"]),
        ("(Zheng, Federgruen 1991)", ["write Zheng and Federgruen 1991"]),
        ("(Zheng & Federgruen 1991)", ["write Zheng and Federgruen 1991"]),
        ("(Tomlin, 2006)", ["write Tomlin 2006"]),
        ("(ARTA, Cario and Nelson 1996)", ["there is no arta1996"]),
        ("(Ehrhardt and Mosier 1984)", ["there is no ehrhardt1984"]),
        ("(Ehrhardt and Mosier 1984a)", ["write Ehrhardt 1984a"]),
    ],
)
def test_wrong_citations_are_told(bibliography, text, said):
    """One without an entry, and one in another form than the one in use."""
    found = complaints(text, bibliography)
    assert len(found) == len(said)
    assert all(part in complaint for part, complaint in zip(said, found, strict=True))


def test_docstrings_and_comments_are_read(tmp_path):
    """Those of fields too, and blocks of comments as one text; other strings are no prose. A scenario is read whole."""
    module = (
        '"""It is so\n(Scarf 1960)."""\n\nTEXT = "(Scarf 1961)"\n\n\n'
        'class Part:\n    key: int  # after (Xin\n    # 2021)\n    """What it is (Zipkin 2008)."""\n'
    )
    (tmp_path / "module.py").write_text(module)
    (tmp_path / "scenario.yaml").write_text("# as in Zheng and\n# Federgruen (1991)\nname: shop  # Veinott (1965)\n")
    found = {
        file: {key_of(*each[:2]) for _, text in prose(tmp_path / file) for each in citations(text)}
        for file in ("module.py", "scenario.yaml")
    }
    assert found == {
        "module.py": {"scarf1960", "zipkin2008", "xin2021"},
        "scenario.yaml": {"zheng1991", "veinott1965"},
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@article{scarf1960,\n  author = {Scarf, H.},\n}\nand more\n", "not an entry: 'and more'"),
        ("@article{scarf1960,\n  author = Scarf,\n}\n", "not an entry"),
        ("@article{Scarf60,\n  author = {Scarf, H.},\n}\n", "not an entry"),
        ("@article{scarf1960,\n  author = {Scarf}, H.},\n}\n", "braces do not balance"),
        ("@book{scarf1960,\n  author = {Scarf, H.},\n}\n" * 2, "stands twice"),
        ("@book{scarf1960,\n  year = {1960},\n  year = {1961},\n}\n", "stands twice"),
    ],
)
def test_a_bibliography_out_of_order_is_told(text, said):
    """What does not parse, by what is left over or by its key."""
    with pytest.raises(ValueError, match=re.escape(said)):
        entries(text)
