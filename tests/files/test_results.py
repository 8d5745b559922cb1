"""Where the results of ``opalgebra run`` are written, and what a file cannot hold."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.cli import main
from opalgebra.files import FileError, processing, read
from opalgebra.parse import parse_expression
from tests.files.test_files import run, saved
from tests.fuzz_files import sound


@pytest.fixture
def source(tmp_path: Path) -> Path:
    np.save(tmp_path / "in.npy", np.arange(6))
    return tmp_path / "in.npy"


@pytest.mark.parametrize("name", ["in.npy", "./in.npy", "../{folder}/in.npy", "link.npy", "hard.npy", "sub/in.npy"])
def test_the_input_is_kept_unless_told(source, name, capsys, monkeypatch):
    folder = source.parent
    (folder / "link.npy").symlink_to("in.npy")
    os.link(source, folder / "hard.npy")
    (folder / "sub").symlink_to(".")
    monkeypatch.chdir(folder)
    target = name.format(folder=folder.name)
    assert run("Down(2)", source, target) == 64
    assert "--overwrite" in capsys.readouterr().err
    assert np.load(source).tolist() == [0, 1, 2, 3, 4, 5]
    assert run("Down(2)", source, target, "--overwrite") == 0
    assert np.load(target).tolist() == [0, 2, 4]
    assert (folder / "link.npy").is_symlink()
    assert sorted(os.listdir(folder)) == ["hard.npy", "in.npy", "link.npy", "sub"]


def test_a_failure_leaves_what_was_there(source, monkeypatch, capsys):
    """An error of the disk while the result is written, or when it takes its place; nothing is left behind."""
    target = source.parent / "out.npy"
    target.write_bytes(b"what was there")

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for module, name in ((np, "save"), (os, "replace")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, full)
            for out, flags in ((target, ()), (source, ("--overwrite",))):
                assert run("Down(2)", source, out, *flags) == 64
                assert "No space left" in capsys.readouterr().err
    assert target.read_bytes() == b"what was there"
    assert np.load(source).tolist() == [0, 1, 2, 3, 4, 5]
    assert sorted(os.listdir(source.parent)) == ["in.npy", "out.npy"]
    assert run("Down(2)", source, target) == 0  # another file is replaced, as by cp and sox
    assert np.load(target).tolist() == [0, 2, 4]


def test_modes_of_files(source):
    if os.name != "posix":
        pytest.skip("modes of POSIX")
    target = source.parent / "out.npy"
    before = os.umask(0o027)
    try:
        assert run("Down(2)", source, target) == 0
        assert target.stat().st_mode & 0o777 == 0o640
        target.chmod(0o604)
        assert run("Down(2)", source, target) == 0
        assert target.stat().st_mode & 0o777 == 0o604
    finally:
        os.umask(before)


@pytest.mark.parametrize("kind", ["npy", "wav", "png"])
def test_bad_input_ends_with_64(source, kind, capsys):
    """One message, no traceback, nothing written: whatever stands in the place of a file."""
    pytest.importorskip("PIL")
    folder, target = source.parent, source.parent / "out.npy"
    (folder / f"folder.{kind}").mkdir()
    (folder / f"dangling.{kind}").symlink_to("nothing")
    (folder / f"empty.{kind}").write_bytes(b"")
    (folder / f"text.{kind}").write_text("hello " * 99)
    (folder / f"other.{kind}").write_bytes(source.read_bytes() if kind != "npy" else sound(bytes(8), 1, 1, 16))
    os.mkfifo(folder / f"pipe.{kind}")
    names = ["folder", "dangling", "empty", "text", "other", "pipe", "missing", "nu\0l", "x" * 300, "missing/a"]
    for name in names:
        assert run("Down(2)", folder / f"{name}.{kind}", target) == 64, name
        err = capsys.readouterr().err
        assert err.startswith("opalgebra: ")
        assert err.count("\n") == 1
    for name in ("folder", "missing/a", "nu\0l", "x" * 300, "pipe"):
        picture_of = ("Identity()", source, folder / f"{name}.{kind}", "--rate", "8")
        assert run(*picture_of) == 64, name
    assert not target.exists()
    assert not [name for name in os.listdir(folder) if name.endswith(".part")]


def test_a_file_that_may_not_be_read_or_written(source, monkeypatch, capsys):
    if os.geteuid() == 0:
        pytest.skip("root reads and writes everything")
    source.chmod(0)
    assert run("Down(2)", source, source.parent / "out.npy") == 64
    source.chmod(0o444)
    assert run("Down(2)", source, source, "--overwrite") == 64


def test_results_that_a_file_does_not_hold(tmp_path, capsys):
    pytest.importorskip("PIL")
    np.save(tmp_path / "nan.npy", np.full((2, 2), np.nan))
    np.save(tmp_path / "complex.npy", np.full((2, 2), 1j))
    np.save(tmp_path / "none.npy", np.ones((0, 2)))
    wav, picture_path = saved(tmp_path, "a.wav", sound(b"\1\2", 1, 1, 8)), tmp_path / "b.png"
    for name in ("nan", "complex", "none"):
        assert run("Identity()", tmp_path / f"{name}.npy", picture_path) == 64
    assert run("Identity()", wav, picture_path) == 64
    assert run("1000 * Identity()", wav, tmp_path / "b.wav") == 64
    assert run("Conv([i])", wav, tmp_path / "b.wav") == 64
    assert run("Conv([1,2])", wav, tmp_path / "b.wav", "--rate", "9999999999") == 64
    assert not picture_path.exists()
    assert not (tmp_path / "b.wav").exists()


def test_too_little_memory_is_told(source, monkeypatch, capsys):
    def without(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(processing, "apply", without)
    assert run("Down(2)", source, source.parent / "out.npy") == 64
    assert "memory" in capsys.readouterr().err


def test_sound_without_samples(tmp_path):
    path = saved(tmp_path, "a.wav", sound(b"", 1, 2, 16))
    assert read(path).values.shape == (0, 2)
    assert run("Down(2)", path, tmp_path / "b.wav") in (0, 64)


def test_what_is_big(tmp_path):
    """Samples of more than 53 bits are neither read nor written by way of floats."""
    values = np.array([2**62 + 1, -(2**62) - 3, 2**53 + 1])
    np.save(tmp_path / "a.npy", values)
    assert run("Up(2)", tmp_path / "a.npy", tmp_path / "b.npy") == 0
    assert np.load(tmp_path / "b.npy")[::2].tolist() == values.tolist()
    assert issubclass(FileError, OSError)
    assert issubclass(FileError, oa.OpAlgebraError)


@pytest.mark.parametrize("text", ["Conv([1,2])/3", "AvgPool(2)", "LinearUp(2)", "Modulate(pi/2)", "Modulate([1,1/3])"])
def test_integers_of_a_file_are_run_as_floats_where_the_operator_is_not_whole(text: str, tmp_path: Path) -> None:
    source, target = str(tmp_path / "x.npy"), str(tmp_path / "y.npy")
    np.save(source, np.arange(-3, 7))
    assert main(["run", text, source, target]) == 0
    found = np.load(target)
    assert found.dtype.kind in "fc"
    operator = parse_expression(text)
    np.testing.assert_allclose(found, np.asarray((operator @ np.arange(-3.0, 7)).values), atol=1e-12)


def test_what_a_file_cannot_hold_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = str(tmp_path / "x.npy")
    np.save(source, np.array([2**62, 2**62]))
    for text, target, said in (
        ("Conv([1,1])", "y.npy", "larger integers"),
        ("Conv([1,1])", "y.wav", "beyond 64 bits"),
        ("Modulate(pi/2)", "y.wav", "complex"),
        ("Polyphase(2)", "y.npy", "makes 2 signals"),
    ):
        assert main(["run", text, source, str(tmp_path / target), "--rate", "8000"]) == 64
        assert said in capsys.readouterr().err
        assert not (tmp_path / target).exists()
