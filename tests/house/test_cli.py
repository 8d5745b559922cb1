"""The command line: exit statuses, what is printed where, and files."""

from __future__ import annotations

import io
import subprocess
import sys
import types

import numpy as np
import pytest
from scipy.io import wavfile

import opalgebra
from opalgebra.cli import main
from opalgebra.show.notation.ascii import in_ascii

IDENTITY = "Conv(q) @ Up(k) == (Down(k) @ Conv(q).T).T"


@pytest.fixture
def call(capsys):
    def run(*argv):
        status = main([str(entry) for entry in argv])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def test_prove_says_proved(call):
    status, out, err = call("prove", IDENTITY)
    assert (status, err) == (0, "")
    assert "↑ₖ" in out


def test_prove_shows_the_witness_of_a_refutation(call):
    status, out, _ = call("prove", "Up(2) @ Down(2) == Identity()")
    assert status == 1
    witness = opalgebra.prove(opalgebra.Up(2) @ opalgebra.Down(2), opalgebra.Identity()).witness
    assert f"n = {witness.index}" in out
    assert f"left side gives {witness.lhs}, the right side {witness.rhs}" in out


def test_prove_refutes_the_transpose_that_is_often_misprinted(call):
    assert call("prove", "Conv(q) @ Up(k) == (Up(k) @ Conv(q).T).T")[0] == 1


def test_prove_takes_conditions(call):
    swapped = "Up(k) @ Down(m) == Down(m) @ Up(k)"
    assert call("prove", swapped, "--given", "coprime(k, m)")[0] == 0
    assert call("prove", swapped)[0] in (1, 2)
    assert call("prove", "Conv(q).T == Conv(q)", "--given", "even_symmetric(q)")[0] == 0


def test_prove_binds_names(call):
    assert call("prove", "Conv(q).T == Conv(q)", "--let", "q=Signal([1,2,1], start=-1)")[0] == 0
    assert call("prove", "Conv(q).T == Conv(q)", "--let", "q=[1,2,1]")[0] == 1
    assert call("prove", "Down(k) @ Up(k) == c * Identity()", "--let", "k=3", "--let", "c=1/2")[0] == 1


@pytest.mark.parametrize(("option", "sign"), [("--latex", "\\uparrow"), ("--markdown", "\\uparrow")])
def test_prove_renders(call, option, sign):
    status, out, _ = call("prove", IDENTITY, option)
    assert status == 0
    assert sign in out


def test_an_undecided_statement_ends_with_2(call, monkeypatch):
    class Proof:
        verdict = "undecided"

        def __str__(self):
            return "undecided: k is symbolic"

    monkeypatch.setattr(opalgebra, "prove", lambda *sides, given=(): Proof(), raising=False)
    assert call("prove", "Up(k) == Up(m)") == (2, "undecided: k is symbolic\n", "")


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["sing"],
        ["prove"],
        ["prove", "Up(2)"],
        ["prove", "Up(0) == Up(1)"],
        ["prove", "Up(1.5) == Up(1)"],
        ["prove", "__import__('os') == Up(2)"],
        ["prove", "(" * 10_000],
        ["prove", "x" * 1_000_000],
        ["prove", "Up(2) @ Up((2, 2)) == Up(4)"],
        ["prove", IDENTITY, "--let", "q"],
        ["prove", IDENTITY, "--let", "q=[1,"],
        ["prove", IDENTITY, "--let", "q=[1]", "--let", "q=[2]"],
        ["prove", IDENTITY, "--let", "_q=1"],
        ["prove", IDENTITY, "--given", "k > q"],
        ["prove", IDENTITY, "--given", "k in m"],
        ["prove", IDENTITY, "--given", "coprime(4, 6)"],
        ["prove", IDENTITY, "--latex", "--markdown"],
        ["laws", "no-such-law"],
        ["explain", "Conv(q)", "--shape", "10"],
        ["explain", "Up(2)", "--shape", "ten"],
        ["explain", "Up(2)", "--shape", "-3"],
        ["explain", "Up(2)", "--shape", "3x4"],
        ["explain", "x", "--shape", "3"],
        ["explain", "Up(2)"],
        ["simplify", "x"],
        ["run", "Up(2)", "in.npy", "out.npy", "--rate", "0"],
    ],
    ids=lambda argv: " ".join(argv)[:60] or "nothing",
)
def test_bad_input_ends_with_64_and_one_message(call, argv):
    status, out, err = call(*argv)
    assert (status, out) == (64, "")
    assert err.startswith("opalgebra: ")
    assert "Traceback" not in err


def test_laws(call):
    status, out, _ = call("laws")
    assert status == 0
    assert all(name in out for name in opalgebra.laws)
    name = next(iter(opalgebra.laws))
    assert call("laws", name)[1] == f"{opalgebra.laws[name]}\n"
    assert "\\" in call("laws", name, "--latex")[1]


def test_explain_counts(call):
    status, out, _ = call("explain", "Down(2) @ Conv(q)", "--shape", "100", "--let", "q=[1,2,1]")
    assert status == 0
    assert "306" in out.splitlines()[5]  # as it is written
    assert "150" in out.splitlines()[-1]  # as it runs
    assert "as it runs" not in call("explain", "Up(2)", "--shape", "4")[1]  # as it is written
    assert call("explain", "Conv([a, 1])", "--shape", "4")[0] == 0  # exactly, for taps are symbols
    assert call("explain", "Up((2, 3))", "--shape", "4x5")[1] == call("explain", "Up((2, 3))", "--shape", "4,5")[1]


def test_simplify(call):
    status, out, _ = call("simplify", "Down(2) @ Up(2)")
    assert (status, out.strip()) == (0, str(opalgebra.Identity()))


def test_optimize(call):
    status, out, _ = call("optimize", "Conv([1,2,1]) @ Repeat(2)")
    assert status == 0
    assert "[define-repeat]" in out
    assert "before: 4 multiply-adds" in out
    assert "after: 2 multiply-adds" in out
    formal = call("optimize", "Down(k) @ DilatedConv(q, k)")[1]
    assert "(q∗) ↓ₖ" in formal
    assert "multiply-adds" not in formal
    assert "\\downarrow" in call("optimize", "Down(2) @ Conv([1, 0, 1])", "--latex")[1]
    assert call("optimize", "Conv(q)", "--cost", "fast")[0] == 64


def test_tour_is_called_with_the_output(call, monkeypatch):
    tour = types.ModuleType("opalgebra.tour")
    tour.main = lambda out: print("here we go", file=out) or 0
    monkeypatch.setitem(sys.modules, "opalgebra.tour", tour)
    assert call("tour") == (0, "here we go\n", "")


def test_version_and_module():
    done = subprocess.run([sys.executable, "-m", "opalgebra", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"opalgebra {opalgebra.__version__}\n"


def test_ascii_where_the_output_carries_no_more(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii", write_through=True))
    assert main(["explain", "Down(2) @ Conv([1, 2, 1])", "--shape", "10"]) == 0
    assert b"down2" in raw.getvalue()


def test_ascii_notation():
    assert in_ascii("(↓₂ (q∗)ᵀ)ᵀ ≠ S⁻¹ ↑ₖ q₀") == "(down2 (q*)^T)^T != S^-1 up_k q_0"
    assert in_ascii("漢") == "\\u6f22"


# Files


def test_run_on_an_array(call, tmp_path):
    source, target = tmp_path / "in.npy", tmp_path / "out.npy"
    np.save(source, np.array([1, 0, 0, 1], dtype=np.float32))
    status, out, _ = call("run", "Shift(-1) @ Conv(q)", source, target, "--let", "q=[1,2,1]")
    assert (status, out) == (0, f"wrote {target}: 6 samples, indices -1 … 4\n")
    result = np.load(target)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, [1, 2, 1, 1, 2, 1])


def test_run_in_place(call, tmp_path):
    path = tmp_path / "data.npy"
    np.save(path, np.arange(6))
    status, _, err = call("run", "Down(2)", path, path)
    assert (status, "--overwrite" in err) == (64, True)
    np.testing.assert_array_equal(np.load(path), np.arange(6))
    assert call("run", "Down(2)", path, path, "--overwrite")[0] == 0
    np.testing.assert_array_equal(np.load(path), [0, 2, 4])


def test_run_takes_exact_taps_as_numbers(call, tmp_path):
    source, target = tmp_path / "in.npy", tmp_path / "out.npy"
    np.save(source, np.array([4.0, 8.0]))
    assert call("run", "(1/2) * Conv([1/4, sqrt(2)])", source, target)[0] == 0
    np.testing.assert_allclose(np.load(target), [0.5, 1 + 2 * 2**0.5, 4 * 2**0.5], rtol=1e-15)


@pytest.mark.parametrize("channels", [1, 2])
def test_run_on_sound(call, tmp_path, channels):
    source, target = tmp_path / "in.wav", tmp_path / "out.wav"
    samples = np.arange(8 * channels, dtype=np.int16).reshape(8, channels).squeeze()
    wavfile.write(source, 8000, samples)
    status, out, _ = call("run", "Down(2) @ Conv([0.5, 0.5])", source, target)
    assert status == 0
    assert "keeps the rate of the input, 8000 Hz" in out
    rate, result = wavfile.read(target)
    assert (rate, result.dtype) == (8000, np.int16)
    columns = samples.reshape(8, -1).T
    expected = np.stack([np.rint(np.convolve(column, [0.5, 0.5])[::2]) for column in columns], axis=-1)
    np.testing.assert_array_equal(result.reshape(expected.shape), expected)


def test_sound_to_array_and_back(call, tmp_path):
    wavfile.write(tmp_path / "in.wav", 8000, np.array([[1.0, 2.0], [3.0, 4.0]], dtype=np.float32))
    status, out, _ = call("run", "Up(2)", tmp_path / "in.wav", tmp_path / "out.npy")
    assert "3 samples, 2 channels, indices 0 … 2" in out
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), [[1, 2], [0, 0], [3, 4]])
    np.save(tmp_path / "mono.npy", np.array([0.0, 0.5]))
    status, _, err = call("run", "Up(2)", tmp_path / "mono.npy", tmp_path / "out.wav")
    assert status == 64
    assert "--rate" in err
    status, out, _ = call("run", "Up(2)", tmp_path / "mono.npy", tmp_path / "out.wav", "--rate", "96000")
    assert (status, "note" in out) == (0, False)
    assert wavfile.read(tmp_path / "out.wav")[0] == 96000


def test_nothing_is_clipped(call, tmp_path):
    source, target = tmp_path / "in.wav", tmp_path / "out.wav"
    wavfile.write(source, 8000, np.array([30000, 30000], dtype=np.int16))
    status, out, err = call("run", "Conv([1, 1])", source, target)
    assert (status, out, target.exists()) == (64, "", False)
    assert "-32768 … 32767" in err
    assert "60000" in err


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA"])
def test_run_on_pictures(call, tmp_path, mode):
    image = pytest.importorskip("PIL.Image")
    shape = (4, 6) if mode == "L" else (4, 6, len(mode))
    pixels = np.random.default_rng(7).integers(0, 256, shape, dtype=np.uint8)
    image.fromarray(pixels).save(tmp_path / "in.png")
    status, out, _ = call("run", "Down((2, 3)) @ Conv([[0.5, 0.5]])", tmp_path / "in.png", tmp_path / "out.png")
    assert status == 0
    assert "2 × 3 samples" in out
    with image.open(tmp_path / "out.png") as picture:
        assert picture.mode == mode
        result = np.asarray(picture)
    before = np.pad(pixels.astype(float), [(0, 0), (1, 1)] + [(0, 0)] * (pixels.ndim - 2))
    expected = np.rint((before[:, 1:] + before[:, :-1]) / 2)[::2, ::3]
    np.testing.assert_array_equal(result, expected)


def test_sixteen_bit_pictures_keep_their_bits(call, tmp_path):
    image = pytest.importorskip("PIL.Image")
    pixels = np.array([[0, 65535], [256, 1]], dtype=np.uint16)
    image.fromarray(pixels).save(tmp_path / "in.png")
    assert call("run", "Identity()", tmp_path / "in.png", tmp_path / "out.png")[0] == 0
    with image.open(tmp_path / "out.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), pixels)


def test_pillow_is_optional(call, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    status, _, err = call("run", "Identity()", tmp_path / "in.png", tmp_path / "out.npy")
    assert status == 64
    assert "pip install 'opalgebra[image]'" in err


def test_files_that_are_refused(call, tmp_path):
    good, target = tmp_path / "good.npy", tmp_path / "out.npy"
    np.save(good, np.arange(4.0))
    np.save(tmp_path / "object.npy", np.array([1, "a"], dtype=object), allow_pickle=True)
    np.save(tmp_path / "text.npy", np.array(["a"]))
    np.save(tmp_path / "zero.npy", np.array(3.0))
    (tmp_path / "broken.npy").write_bytes(b"\x93NUMPY")
    (tmp_path / "broken.wav").write_bytes(b"RIFF\x10\0\0\0WAVEfmt ")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    wavfile.write(tmp_path / "short.wav", 8000, np.arange(100, dtype=np.int16))
    (tmp_path / "short.wav").write_bytes((tmp_path / "short.wav").read_bytes()[:60])
    names = (
        "missing.npy",
        "missing.wav",
        "missing.png",
        "object.npy",
        "text.npy",
        "zero.npy",
        "broken.npy",
        "broken.wav",
    )
    for name in (*names, "broken.png", "short.wav"):
        status, out, err = call("run", "Down(2)", tmp_path / name, target)
        assert (status, out, target.exists()) == (64, "", False), name
        assert name in err
    for name in ("out.mp3", "out", "out.png", "folder/out.npy"):
        assert call("run", "Down(2)", good, tmp_path / name)[0] == 64, name


@pytest.mark.parametrize("expression", ["Conv(q)", "Up(k)", "Conv([a, 1])", "Up((2, 2))", "x", "a * Up(2)"])
def test_run_needs_numbers_and_the_right_axes(call, tmp_path, expression):
    np.save(tmp_path / "in.npy", np.arange(4.0))
    status, _, err = call("run", expression, tmp_path / "in.npy", tmp_path / "out.npy")
    assert status == 64
    assert err.startswith("opalgebra: ")
    assert not (tmp_path / "out.npy").exists()


def test_an_unknown_extension_is_refused_before_any_work(call, tmp_path):
    status, _, err = call("run", "Conv(q", tmp_path / "missing.npy", tmp_path / "out.mp3")
    assert status == 64
    assert "out.mp3" in err
