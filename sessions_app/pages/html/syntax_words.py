"""Words of programming languages: their names, and those that they reserve."""

from __future__ import annotations

# The language by the ending of a file's name.
LANGUAGES = {
    "py": "Python",
    "pyi": "Python",
    "js": "JavaScript",
    "mjs": "JavaScript",
    "cjs": "JavaScript",
    "jsx": "JSX",
    "ts": "TypeScript",
    "tsx": "TSX",
    "rs": "Rust",
    "go": "Go",
    "java": "Java",
    "kt": "Kotlin",
    "c": "C",
    "h": "C",
    "cc": "C++",
    "cpp": "C++",
    "hpp": "C++",
    "cs": "C#",
    "rb": "Ruby",
    "php": "PHP",
    "swift": "Swift",
    "sh": "Shell",
    "bash": "Shell",
    "zsh": "Shell",
    "sql": "SQL",
    "html": "HTML",
    "css": "CSS",
    "scss": "SCSS",
    "vue": "Vue",
    "json": "JSON",
    "jsonl": "JSON lines",
    "yaml": "YAML",
    "yml": "YAML",
    "toml": "TOML",
    "ini": "INI",
    "xml": "XML",
    "md": "Markdown",
    "rst": "reStructuredText",
    "txt": "text",
    "csv": "CSV",
    "tf": "Terraform",
    "lua": "Lua",
    "ex": "Elixir",
    "exs": "Elixir",
    "erl": "Erlang",
    "hs": "Haskell",
    "scala": "Scala",
    "r": "R",
    "dart": "Dart",
    "dockerfile": "Dockerfile",
    "makefile": "Makefile",
    "proto": "Protocol Buffers",
    "ipynb": "notebook",
}

_OTHER_NAMES = {
    "py3": "Python",
    "golang": "Go",
    "c++": "C++",
    "cxx": "C++",
    "csharp": "C#",
    "console": "Shell",
    "shell-session": "Shell",
    "fish": "Shell",
    "node": "JavaScript",
    "patch": "diff",
    "diff": "diff",
    "json5": "JSON",
    "jsonc": "JSON",
    "ndjson": "JSON lines",
    "postgresql": "SQL",
    "postgres": "SQL",
    "mysql": "SQL",
    "sqlite": "SQL",
    "hcl": "Terraform",
    "svg": "XML",
    "less": "CSS",
    "docker": "Dockerfile",
    "make": "Makefile",
    "protobuf": "Protocol Buffers",
}
# The language by any name that a block of code may give it.
ALIASES = {**{name.lower(): name for name in LANGUAGES.values()}, **LANGUAGES, **_OTHER_NAMES}

KEYWORDS = {
    "python": (
        "and as assert async await break case class continue def del elif else except False finally for from global "
        "if import in is lambda match None nonlocal not or pass raise return self True try while with yield"
    ),
    "script": (
        "abstract as async await break case catch class const continue debugger declare default delete do else enum "
        "export extends false finally for from function get if implements import in instanceof interface keyof let "
        "namespace new null of private protected public readonly return set static super switch this throw true try "
        "type typeof undefined var void while with yield"
    ),
    "rust": (
        "as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod "
        "move mut pub ref return self Self static struct super trait true type unsafe use where while"
    ),
    "go": (
        "break case chan const continue default defer else fallthrough false for func go goto if import interface map "
        "nil package range return select struct switch true type var"
    ),
    "java": (
        "abstract as async await base bool boolean break byte case catch char class companion const constructor "
        "continue data decimal default def delegate do double else enum extends extension false final finally float "
        "fun func guard if implements import in init instanceof int interface internal is lateinit let long match "
        "namespace nil new null object open operator out override package private protected protocol public readonly "
        "return sealed self short static string struct super suspend switch this throw throws trait true try "
        "typealias using val var virtual void when where while with yield"
    ),
    "c": (
        "alignas auto bool break case catch char class const constexpr continue default delete do double else enum "
        "explicit extern false final float for friend goto if inline int long namespace new noexcept nullptr NULL "
        "operator override private protected public register return short signed sizeof static static_cast struct "
        "switch template this throw true try typedef typename union unsigned using virtual void volatile while"
    ),
    "php": (
        "abstract and array as break case catch class const continue declare default do echo else elseif enum extends "
        "false final finally fn for foreach function global if implements instanceof interface match namespace new "
        "null or private protected public readonly require require_once return static switch throw trait true try use "
        "var while"
    ),
    "proto": (
        "bool bytes double enum extend extensions float import int32 int64 message oneof option optional package "
        "public repeated required reserved returns rpc service string syntax to uint32 uint64"
    ),
    "ruby": (
        "alias and begin break case class def defined? do else elsif end ensure false for if in module next nil not "
        "or redo require require_relative rescue retry return self super then true undef unless until when while "
        "yield"
    ),
    "elixir": (
        "after alias and case catch cond def defmacro defmodule defp defstruct do else end false fn for if import in "
        "nil not or quote raise receive require rescue true try unless unquote use when with"
    ),
    "shell": (
        "case declare do done elif else esac eval exec exit export fi for function if in local read readonly return "
        "set shift source then trap unset until while"
    ),
    "sql": (
        "add all alter and any as asc between by case cast check column commit conflict constraint create cross "
        "database default delete desc distinct do drop else end except exists explain false fetch for foreign from "
        "full grant group having in index inner insert intersect into is join key lateral left like limit lock not "
        "null nulls on or order outer over partition primary references returning right rollback row select set table "
        "then true union unique update using values view when where with"
    ),
    "values": "true false null yes no on off",
    "terraform": "data false for if in locals module null output provider resource terraform true variable",
    "dockerfile": (
        "ADD ARG AS CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL RUN SHELL STOPSIGNAL USER VOLUME WORKDIR"
    ),
    "lua": (
        "and break do else elseif end false for function goto if in local nil not or repeat return then true until "
        "while"
    ),
    "r": "break else FALSE for function if in Inf library NA NaN next NULL repeat return TRUE while",
    "haskell": (
        "case class data deriving do else forall if import in infix instance let module newtype of then type where"
    ),
}
