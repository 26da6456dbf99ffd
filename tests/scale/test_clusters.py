"""The configurations and scripts for batch systems that are shipped."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import rootml

CLUSTERS = Path(__file__).resolve().parents[2] / "examples" / "clusters"


@pytest.fixture
def job_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """``job_script("slurm")``: the job that dask-jobqueue makes of the shipped configuration."""
    import dask
    from dask_jobqueue import HTCondorCluster, SLURMCluster

    monkeypatch.chdir(tmp_path)  # it makes the folder of its logs
    kinds = {"htcondor": HTCondorCluster, "slurm": SLURMCluster}

    def render(name: str) -> str:
        given = yaml.safe_load((CLUSTERS / f"{name}.yaml").read_text())
        with (
            dask.config.set(dask.config.merge(dask.config.config, given)),
            kinds[name]() as cluster,
        ):
            return str(cluster.job_script())

    return render


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("htcondor", ["DaskWorkerCores = 1", "DaskWorkerMemory = 2147483648", "getenv = True"]),
        ("slurm", ["#SBATCH --cpus-per-task=1", "#SBATCH --mem=2G", "#SBATCH -t 02:00:00"]),
    ],
)
def test_dask_jobqueue_makes_jobs_of_one_worker(
    name: str, lines: list[str], job_script: Callable[[str], str]
) -> None:
    script = job_script(name)
    for line in [*lines, "--nthreads 1 ", "--lifetime 115m"]:
        assert line in script
    assert "--nworkers" not in script


def test_the_array_job_of_slurm_tags_its_file(
    card: Path, runs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(CLUSTERS / "tag.slurm", tmp_path)
    Path("files.txt").write_text("".join(f"{run}\n" for run in runs))
    home = {"ROOTML_PATH": str(card.parent), "PYTHONPATH": os.pathsep.join(sys.path)}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    task = {"SLURM_ARRAY_TASK_ID": "2", "SLURM_CPUS_PER_TASK": "1", "PATH": path}
    subprocess.run(["bash", "tag.slurm"], env={**os.environ, **home, **task}, check=True)
    assert [file.name for file in Path("tagged").iterdir()] == ["run2.root"]
    monkeypatch.setenv("ROOTML_PATH", str(card.parent))
    again = rootml.tag_files(runs[1], "tagged", plots=False, resume=True)
    assert [outcome.kept for outcome in again.outcomes] == [True]
    assert " --resume " in Path("tag.slurm").read_text()


def test_the_job_of_htcondor_calls_what_is_there() -> None:
    from rootml.commands.tag import tag

    lines = (CLUSTERS / "tag.sub").read_text().splitlines()
    said = dict(line.split(" = ", 1) for line in lines if " = " in line and line[0] != "#")
    arguments = {key.strip(): value.strip() for key, value in said.items()}["arguments"].split()
    options = {option for parameter in tag.params for option in parameter.opts}
    assert arguments[:2] == ["rootml-tag", "$(file)"]
    assert {word for word in arguments if word.startswith("-")} <= options
