"""The scripts of docs/examples run as a reader runs them; each ends with an error where it finds a result wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile
from scipy.signal import resample_poly

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "docs" / "examples").glob("*.py"))


def run(script, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, script, *map(str, arguments)],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )


@pytest.mark.campaign(2)
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_it_runs(script):
    done = run(script)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert not done.stderr


def test_there_are_examples():
    assert len(SCRIPTS) >= 4


def test_a_recording_is_resampled(tmp_path):
    t = np.arange(8000) / 8000
    samples = np.round(8000 * np.sin(2 * np.pi * 440 * t)).astype(np.int16)
    wavfile.write(tmp_path / "in.wav", 8000, samples)
    done = run(
        SCRIPTS[[s.stem for s in SCRIPTS].index("resample_recording")],
        tmp_path / "in.wav",
        tmp_path / "out.wav",
        "--rate",
        11025,
    )
    assert done.returncode == 0, done.stderr
    rate, new = wavfile.read(tmp_path / "out.wav")
    assert rate == 11025
    assert new.dtype == np.int16
    assert len(new) == 11025
    wanted = 8000 * np.sin(2 * np.pi * 440 * np.arange(11025) / 11025)
    assert np.max(np.abs(new - wanted)[200:-200]) < 8  # the ends fade into silence
    assert np.max(np.abs(new - resample_poly(samples.astype(float), 441, 320))[200:-200]) < 80  # another filter
