"""Comments, strings, numbers and words of programming languages, as much as it takes to read code with ease.

- Each pattern matches or fails at a place without trying it in several ways, so that no text takes more than one pass.
  A library of lexers for hundreds of languages cannot promise that, and a pattern that goes astray stops the program.
- A language that is not known has no tokens.
"""

from __future__ import annotations

import keyword
import re
from enum import Enum
from functools import cache

from msgspec import Struct


class Token(Enum):
    COMMENT = "comment"
    STRING = "string"
    NUMBER = "number"
    KEYWORD = "keyword"
    ADDED = "added"
    REMOVED = "removed"


# A string without its end ends with the line: were it none, each of its quotes would be looked at to the end again.
_QUOTED = r'"(?:[^"\\\n]|\\.)*+"?|\'(?:[^\'\\\n]|\\.)*+\'?'
_CHARACTER = r'"(?:[^"\\\n]|\\.)*+"?|\'(?:[^\'\\\n]|\\.)\''
_LONG = r'"""[\s\S]*?(?:"""|\Z)|\'\'\'[\s\S]*?(?:\'\'\'|\Z)|' + _QUOTED
_TICKED = _QUOTED + r"|`(?:[^`\\]|\\[\s\S])*+`?"
_SLASHES = r"//[^\n]*|/\*[\s\S]*?(?:\*/|\Z)"
_HASH = r"(?<![\w$&{])\#[^\n]*"
_DASHES = r"--[^\n]*"


class _Language(Struct, frozen=True):
    comment: str
    string: str
    keywords: frozenset[str]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_C = _words(
    "auto break case char class const continue default delete do double else enum explicit export extern false float "
    "for friend goto if inline int long namespace new nullptr NULL operator private protected public register return "
    "short signed sizeof static struct switch template this throw true try catch typedef typename union unsigned using "
    "virtual void volatile while bool"
)
_JAVA = _words(
    "abstract boolean break byte case catch char class const continue default do double else enum extends false final "
    "finally float for fun if implements import in instanceof int interface is long namespace new null object override "
    "package private protected public return short static string super switch this throw throws true try using val var "
    "virtual void when while"
)
_SCRIPT = _words(
    "any as async await boolean break case catch class const continue default delete do else enum export extends false "
    "finally for from function if implements import in instanceof interface let new null number of private public "
    "readonly return static string super switch this throw true try type typeof undefined var void while yield"
)
_GO = _words(
    "break case chan const continue default defer else fallthrough false for func go goto if import interface map nil "
    "package range return select struct switch true type var bool byte error int string"
)
_RUST = _words(
    "as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move "
    "mut pub ref return self Self static struct super trait true type unsafe use where while bool char f64 i32 i64 str "
    "u8 u32 u64 usize"
)
_SHELL = _words(
    "case cd do done echo elif else esac eval exec exit export false fi for function if in local read return set shift "
    "source sudo test then true unset until while"
)
_SQL = _words(
    "add all alter and as asc begin between by case check commit constraint create default delete desc distinct drop "
    "else end exists foreign from group having in index inner insert into is join key left like limit not null on or "
    "order outer primary references rollback select set table then union unique update values view when where with"
)
_LUA = _words(
    "and break do else elseif end false for function goto if in local nil not or repeat return then true until while"
)
_RUBY = _words(
    "alias and begin break case class def do else elsif end ensure false for if in module next nil not or raise "
    "require rescue return self super then true unless until when while yield"
)

_LANGUAGES = {
    ("python", "py", "python3", "pycon"): _Language(
        _HASH, _LONG, frozenset(keyword.kwlist) | {"self", "match", "case"}
    ),
    ("sh", "bash", "zsh", "shell", "console", "make", "makefile", "dockerfile"): _Language(_HASH, _QUOTED, _SHELL),
    ("ruby", "rb"): _Language(_HASH, _QUOTED, _RUBY),
    ("yaml", "yml", "toml", "ini", "conf", "cfg"): _Language(_HASH, _QUOTED, _words("true false null yes no on off")),
    ("json", "json5", "jsonl"): _Language(_SLASHES, _QUOTED, _words("true false null")),
    ("c", "h", "cpp", "c++", "cc", "hpp", "arduino"): _Language(_SLASHES, _CHARACTER, _C),
    ("java", "kotlin", "kt", "cs", "csharp", "scala", "dart", "swift"): _Language(_SLASHES, _CHARACTER, _JAVA),
    ("js", "javascript", "jsx", "ts", "typescript", "tsx", "php"): _Language(_SLASHES, _TICKED, _SCRIPT),
    ("go", "golang"): _Language(_SLASHES, _TICKED, _GO),
    ("rust", "rs"): _Language(_SLASHES, _CHARACTER, _RUST),
    ("css", "scss"): _Language(_SLASHES, _QUOTED, frozenset()),
    ("sql", "sqlite", "psql"): _Language(_DASHES, _QUOTED, _SQL | {word.upper() for word in _SQL}),
    ("lua",): _Language(_DASHES, _QUOTED, _LUA),
}
_BY_NAME = {name: language for names, language in _LANGUAGES.items() for name in names}
_DIFFERENCES = {"diff", "patch"}
_CHANGED_LINE = re.compile(r"^(?:(\+)|(-)|(@@))[^\n]*", re.MULTILINE)
_CHANGES = {1: Token.ADDED, 2: Token.REMOVED, 3: Token.COMMENT}


def tokens(language: str, code: str, most: int) -> list[tuple[int, int, Token]]:
    """The first `most` tokens of `code`: (start, end, what it is), in order."""
    name = language.split(maxsplit=1)[0] if language.strip() else ""
    found: list[tuple[int, int, Token]] = []
    if name in _DIFFERENCES:
        for match in _CHANGED_LINE.finditer(code):
            if len(found) == most:
                break
            found.append((*match.span(), _CHANGES[match.lastindex or 3]))
        return found
    known = _BY_NAME.get(name)
    if known is None:
        return found
    for match in _pattern(known.comment, known.string).finditer(code):
        if len(found) == most:
            break
        token = Token(match.lastgroup)
        if token is not Token.KEYWORD or match[0] in known.keywords:
            found.append((*match.span(), token))
    return found


@cache
def _pattern(comment: str, string: str) -> re.Pattern[str]:
    return re.compile(rf"(?P<comment>{comment})|(?P<string>{string})|(?P<keyword>[^\W\d]\w*)|(?P<number>\d[\w.]*)")
