"""The command line: the path is the command.

`slateboard curate fetch` is curate/steps/fetch.py, `slateboard bench store build` is
benchmark/steps/store/build.py, `slateboard doctor` is slateboard/steps/doctor.py. Steps are found by file
name; help is read off their docstrings; only the step that runs is imported.
"""

import inspect
import json
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Any

from slateboard import __version__
from slateboard.errors import BadInput, Finding, MissingRequirement, SlateboardError, did_you_mean
from slateboard.files import describe_writes, reset_writes
from slateboard.json_output import JsonOutput
from slateboard.progress import be_quiet, complain, say, show_json
from slateboard.registry import first_line, folder_of, load_step, modules_in
from slateboard.termination import TERMINATED, stops_on_sigterm
from slateboard.unwritable import explain_unwritable

GROUPS = {"curate": "curate", "split": "splits", "bench": "benchmark", "board": "leaderboards"}
"""First word of a command -> package whose steps/ it means; other words are steps of the floor."""

USAGE, INTERRUPTED = 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code.

    0 done; 1 a finding; 2 bad input; 3 something is missing; 130 and 143 stopped, by a person and by SIGTERM.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["--version"]:
        print(__version__)
        return 0
    reset_writes()
    try:
        with stops_on_sigterm():
            return _run(words)
    except SlateboardError as error:
        if "--debug" in words:
            complain(traceback.format_exc())
        complain(f"slateboard: {_error_message(error)}")
        return error.exit_code
    except (KeyboardInterrupt, SystemExit) as end:
        complain("slateboard: stopped; run the same command again to go on.")
        return TERMINATED if isinstance(end, SystemExit) else INTERRUPTED
    except Exception as error:
        sentence = explain_unwritable(error)
        if "--debug" in words:
            if sentence is None:
                raise
            complain(traceback.format_exc())
        if sentence is not None:
            complain(f"slateboard: {sentence}")
            return MissingRequirement.exit_code
        complain(f"slateboard: {type(error).__name__}: {error} (a fault of ours: --debug shows where)")
        return USAGE


def _error_message(error: SlateboardError) -> str:
    """Return the message of an error; of a BadInput with what the command had written before it."""
    if not isinstance(error, BadInput):
        return str(error)
    writes = describe_writes()
    return error.told(f"; written before that: {writes}" if writes else ", nothing was written")


def _run(words: list[str]) -> int:
    package, folder, path = "slateboard.steps", folder_of("slateboard") / "steps", ["slateboard"]
    if words and words[0] in GROUPS:
        package = f"{GROUPS[words[0]]}.steps"
        folder = folder_of(GROUPS[words[0]]) / "steps"
        path.append(words.pop(0))
    # bench store build --workers 2: `bench` is benchmark/steps, `store` a folder in it, `build` the file build.py
    # there.
    while words and not words[0].startswith("-") and (folder / words[0]).is_dir():
        package, folder = f"{package}.{words[0]}", folder / words[0]
        path.append(words.pop(0))
    steps = modules_in(folder)
    if not words or words[0].startswith("-"):
        print(_listing(path, folder))
        return 0 if not words or words[0] in ("--help", "-h") else USAGE
    name = words.pop(0)
    if name not in steps:
        choices = [*steps, *_folders(folder), *(GROUPS if len(path) == 1 else ())]
        raise SlateboardError(f"Unknown command '{' '.join([*path, name])}'. {did_you_mean(name, choices)}")
    module = load_step(f"{package}.{steps[name].stem}")
    return _call_step(module.command, module.__doc__ or "", [*path, name], words)


def _folders(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.glob("*/__init__.py"))


def _listing(path: list[str], folder: Path) -> str:
    """Return the help of a group: its first line and a line for each command below it."""
    rows = [(name, first_line(file)) for name, file in modules_in(folder).items()]
    rows += [(name, first_line(folder / name / "__init__.py")) for name in _folders(folder)]
    if len(path) == 1:
        rows += [(group, first_line(folder_of(package) / "__init__.py")) for group, package in GROUPS.items()]
    head = first_line(folder.parent / "__init__.py" if folder.name == "steps" else folder / "__init__.py")
    width = max((len(name) for name, _ in rows), default=0)
    lines = [f"Usage: {' '.join(path)} COMMAND ...", "", head, "", "Commands:"]
    lines += [f"  {name:<{width}}  {text}" for name, text in sorted(rows)]
    return "\n".join([*lines, "", f"`{' '.join(path)} COMMAND --help` explains one."])


def _call_step(command: Callable[..., JsonOutput], help_text: str, path: list[str], words: list[str]) -> int:
    """Parse the words by the parameters of a step's function, call it, and print its result where --json is given."""
    # Imported here and below: `slateboard --help` needs neither, and is to answer at once.
    import typer

    signature = inspect.signature(command)

    def step(**values: Any) -> None:
        as_json = values.pop("json")
        be_quiet(values.pop("quiet") or as_json)
        values.pop("debug")
        folder = values.pop("workspace", None)
        if folder is not None:
            values["workspace"] = _workspace(folder)
        found: Finding | None = None
        outcome: JsonOutput | None
        try:
            with _limits_of(values.get("workspace")):
                outcome = command(**values)
        except Finding as finding:
            found, outcome = finding, finding.outcome
        if as_json and (found is None or outcome is not None):
            show_json(json.dumps(outcome, indent=2, ensure_ascii=False, default=str))
        if found is not None:
            raise found

    step_parameters = [parameter for name, parameter in signature.parameters.items() if name != "workspace"]
    extra = [
        *(
            [_option("workspace", Path, Path(), "Folder of the workspace.", "-w")]
            if len(step_parameters) < len(signature.parameters)
            else []
        ),
        _option("json", bool, False, "Print the outcome as JSON, and nothing else."),
        _option("quiet", bool, False, "Say nothing but errors."),
        _option("debug", bool, False, "Show where an error comes from."),
    ]
    # Typer reads the options off a signature: `step` gets the one of the command, its parameters by keyword, with -w,
    # --json, --quiet and --debug behind them.
    parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in step_parameters]
    step.__signature__ = inspect.Signature([*parameters, *extra])  # type: ignore[attr-defined]
    step.__annotations__ = {parameter.name: parameter.annotation for parameter in [*parameters, *extra]}
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(help=help_text)(step)
    try:
        app(words, prog_name=" ".join(path))
    except SystemExit as end:
        if end.code == INTERRUPTED:
            raise KeyboardInterrupt from None
        if end.code == TERMINATED:
            raise
        return end.code if isinstance(end.code, int) else 0
    return 0


def _option(name: str, kind: type, default: Any, text: str, short: str | None = None) -> inspect.Parameter:
    import typer

    flags = [f"--{name}", *([short] if short else [])]
    annotation = Annotated[kind, typer.Option(*flags, help=text)]  # type: ignore[valid-type]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _limits_of(workspace: Any) -> AbstractContextManager[None]:
    """Hold what a command does to its workspace's limits; settings that cannot be read are for the command to name."""
    if workspace is None:
        return nullcontext()
    try:
        limits = workspace.settings.limits
    except SlateboardError:
        return nullcontext()
    from slateboard.limits import limited

    return limited(limits)


def _workspace(folder: Path) -> Any:
    from slateboard.workspace import Workspace

    workspace = Workspace(folder)
    if not (folder / "slateboard.toml").is_file():
        say(f"{folder} has no slateboard.toml: the defaults hold. `slateboard init` writes one.")
    return workspace
