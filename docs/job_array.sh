#!/bin/bash
# A sweep as a job array of Slurm, from a clone of the repository:
#
#     python3 run.py --version      # once, on a node with the package index: makes .venv
#     sbatch docs/job_array.sh
#
# A job that is killed or runs out of time loses the chunk it was in; the same command goes on.
#SBATCH --job-name=phase_boundary
#SBATCH --array=0-7
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --time=01:00:00
set -euo pipefail

out=results/array

.venv/bin/python -m simulations.phase_boundary --out "$out" --grid 64 \
  --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT"

# The last job that is done puts the shards together; `combine` refuses, naming the missing
# chunks, as long as another one is still at work.
.venv/bin/python -m simulations.combine "$out" ||
  echo "Other shards are still at work, or this one should be sent again."
