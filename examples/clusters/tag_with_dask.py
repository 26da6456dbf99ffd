"""Tag files on HTCondor or Slurm by dask-jobqueue.

    python tag_with_dask.py htcondor 'runs/*.root' tagged

What a job is like is said by htcondor.yaml and slurm.yaml, in a folder that dask looks into
(~/.config/dask, or the variable DASK_CONFIG). Run it on a submit node; it stays until all is done.
"""

from __future__ import annotations

import sys

import dask_jobqueue

import rootml

CLUSTERS = {
    "htcondor": dask_jobqueue.HTCondorCluster,
    "slurm": dask_jobqueue.SLURMCluster,
}
JOBS = 100


def main(kind: str, files: str, folder: str, *models: str) -> int:
    with CLUSTERS[kind]() as cluster:
        cluster.adapt(minimum_jobs=1, maximum_jobs=JOBS)
        result = rootml.tag_files(
            files, folder, models, scheduler=cluster.scheduler_address, resume=True
        )
    for outcome in result.failed:
        print(f"{outcome.source}: {outcome.error}", file=sys.stderr)
    return 2 if result.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
