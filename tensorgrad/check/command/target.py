"""The function that a command line names: ``model.py:loss``, ``package.module:loss``, and what is said if it fails."""

from __future__ import annotations

import difflib
import importlib
import importlib.machinery
import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ..locations import Location
from ..reports import wording

_OURS = (*map(str, (Path(__file__).parents[2], Path(np.__file__).parent, Path(importlib.__file__).parent)), "<frozen ")
_OTHERS = ("site-packages", "dist-packages", str(Path(traceback.__file__).parent), "<frozen ")
_SHOWN = 8  # names in a message


class UsageError(ValueError):
    """What was asked for cannot be done; the text says what was given, what is expected, and the usual fix."""


@contextmanager
def loaded(target: str) -> Iterator[Any]:
    """Yield what a target names; its module can be imported, and import its neighbours, until the context ends.

    A file is imported under its own name, never as ``__main__``, with its folder first on ``sys.path``, as Python does
    it with the program it runs. If the folder is a package, the file is imported as a part of it, so that its relative
    imports work. The working directory stays what it is, so that ``data.csv`` is what it is for ``python model.py``.

    Raises:
        UsageError: There is no such module or no such function, or the module cannot be imported.
    """
    module_name, colon, name = target.rpartition(":")
    if not colon or "/" in name or "\\" in name:
        module_name, name = target, ""
    module_name = module_name.removesuffix(":")  # model.py::loss, as pytest has it
    if not module_name:
        raise _no_such_file(Path(), f"{target!r} is a function without a module", name or "FUNCTION")
    with ExitStack() as undone:
        undone.callback(sys.path.__setitem__, slice(None), list(sys.path))
        undone.callback(setattr, sys, "argv", sys.argv)
        undone.callback(os.chdir, Path.cwd())
        yield _function(_module(module_name, undone), module_name, name)


def _module(given: str, undone: ExitStack) -> ModuleType:
    path = Path(given)
    is_file = path.suffix == ".py" or path.is_file()
    if path.is_dir() or (is_file and not path.is_file()) or (not is_file and ("/" in given or "\\" in given)):
        raise _no_such_file(path)
    sys.argv = [given]  # a module that reads its arguments is not to read ours
    try:
        return _imported_file(path.resolve(), undone) if is_file else _imported(given)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit among them: a program without a guard that has come to its end
        raise UsageError(_import_failed(given, error)) from error


def _imported(name: str) -> ModuleType:
    sys.path.insert(0, "")  # the working directory, as for python -m
    return importlib.import_module(name)


def _imported_file(path: Path, undone: ExitStack) -> ModuleType:
    folder, parts = path.parent, [path.stem]
    while (folder / "__init__.py").is_file() and folder.name.isidentifier() and folder != folder.parent:
        parts.insert(0, folder.name)
        folder = folder.parent
    sys.path.insert(0, str(folder))
    if len(parts) > 1 and _is_free_for(parts[0], folder / parts[0]):
        sys.path.append(str(path.parent))  # its neighbours may be imported as if it were a program
        return importlib.import_module(".".join(parts).removesuffix(".__init__"))
    return _executed(path, undone)


def _is_free_for(name: str, folder: Path) -> bool:
    """Whether a name can be, or already is, that of the package in a folder."""
    there = getattr(sys.modules.get(name), "__file__", None)
    return name not in sys.modules or (there is not None and Path(there).resolve().parent == folder)


def _executed(path: Path, undone: ExitStack) -> ModuleType:
    taken = path.stem in sys.modules or path.stem in sys.stdlib_module_names or path.stem == "__main__"
    name = f"_checked_{path.stem}" if taken else path.stem
    loader = importlib.machinery.SourceFileLoader(name, str(path))  # it does not mind how a file's name ends
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None  # there is a loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look for it there
    undone.callback(sys.modules.pop, name, None)  # another file may have the same name
    loader.exec_module(module)
    return module


def _function(module: ModuleType, given: str, name: str) -> Any:
    if not name:
        raise UsageError(
            f"{given} was given without a function. Expected: {given}:FUNCTION; {_names(module)}. "
            f"Usual fix: {given}:{(_functions(module) or ['loss'])[0]}."
        )
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            near = difflib.get_close_matches(name, _functions(module), 1)
            fix = f"{given}:{near[0]}" if near else "one of these, or a def at the top level of the file"
            raise UsageError(
                f"{given} has no {name!r}. Expected: a function of it; {_names(module)}. Usual fix: {fix}."
            )
        found = getattr(found, part)
    if inspect.isclass(found) or not callable(found):
        what, fix = f"of type {type(found).__name__}", "one of its functions"
        if inspect.isclass(found):
            what, fix = "a class", f"model = {name}(...) in the file, and {given}:model"
        raise UsageError(
            f"{given}:{name} is {what}. Expected: a function of arrays, or a Module; {_names(module)}. "
            f"Usual fix: {fix}."
        )
    return found


def _functions(module: ModuleType) -> list[str]:
    """Return the names of the functions that a module defines, public ones first."""
    own = [n for n, f in vars(module).items() if inspect.isfunction(f) and f.__module__ == module.__name__]
    return sorted(own, key=lambda n: n.startswith("_"))


def _names(module: ModuleType) -> str:
    names = _functions(module)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"it defines {', '.join(names[:_SHOWN])}{more}" if names else "it defines none"


# ---- what is said when something fails -------------------------------------------------------------------------------


def _no_such_file(path: Path, what: str = "", name: str = "FUNCTION") -> UsageError:
    """Return the error for a path with no file, with the one that may have been meant."""
    if path.is_dir():
        near = sorted(path.glob("*.py"))
        what = what or f"{path} is a folder"
    else:
        files = {file.name: file for file in path.parent.glob("*.py")}
        near = [files[match] for match in difflib.get_close_matches(path.name, files, 1)]
        what = f"{path} does not exist" + ("" if path.is_absolute() else f" in {Path.cwd()}")
    fix = f"{near[0]}:{name}" if near else "a path to the file, from where you are"
    return UsageError(f"{what}. Expected: FILE.py:FUNCTION or PACKAGE.MODULE:FUNCTION. Usual fix: {fix}.")


def _import_failed(given: str, error: BaseException) -> str:
    lines = [f"{given} could not be imported: {_described(error)}", *_place(error)]
    return "\n".join([*lines, f"Expected: a module that can be imported. Usual fix: {_import_fix(given, error)}."])


def _import_fix(given: str, error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return "what runs the program goes below `if __name__ == '__main__':`"
    if isinstance(error, ModuleNotFoundError) and error.name:
        if error.name == given and "is not a package" in str(error):
            return f"{':'.join(given.rsplit('.', 1))}, with a colon before the function"
        package = error.name.partition(".")[0]
        if given == error.name or given.startswith(f"{error.name}."):
            return f"call it from the folder that {package} is in, or name the file: FILE.py:FUNCTION"
        return f"{sys.executable} -m pip install {package}, or call it from the folder it is in"
    if isinstance(error, SyntaxError):
        return "correct this line"
    if isinstance(error, ImportError) and "relative import" in str(error):
        return "an empty __init__.py beside it, which makes the folder a package"
    if isinstance(error, FileNotFoundError):
        return "call it from the folder that the file's paths start from"
    return "correct this line; what runs the program goes below `if __name__ == '__main__':`"


def failure(target: str, called_with: str, error: BaseException) -> str:
    """Return what is said when a function cannot be called or differentiated: error, line, inputs, what to do."""
    lines = [f"{target} cannot be checked: {_described(error)}", *_place(error), f"It was given {called_with}."]
    if "Usual fix" not in str(error):
        lines[-1] += (
            " Expected: inputs that it can be called with. Usual fix: other --shapes, a range with --low and --high, "
            "or the arrays themselves in --inputs FILE.npz; --traceback shows more."
        )
    return "\n".join(lines)


def _described(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"it ends the program, by exit({'' if error.code is None else repr(error.code)})"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _users_frame(error: BaseException) -> traceback.FrameSummary | None:
    """Return the last line of a traceback that is the user's own, or else one of another package."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(_OURS)]
    users = [f for f in frames if not any(part in f.filename for part in _OTHERS)]
    found = users or frames
    return found[-1] if found else None


def _place(error: BaseException) -> list[str]:
    """Return the user's line in which it happened, and the code there."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        where = Location(error.filename, error.lineno, "", (error.text or "").strip())
    elif frame := _users_frame(error):
        where = Location(frame.filename, frame.lineno or 0, frame.name, (frame.line or "").strip())
    else:
        return []
    return wording.source(where)
