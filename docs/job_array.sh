#!/bin/bash
# A sweep as a job array of Slurm, from a clone of the repository:
#
#     python3 run.py --version      # once, on a node with the package index: makes .venv
#     sbatch docs/job_array.sh
#
# A job that is killed or runs out of time loses the chunk it was in; the same command goes on. To
# send only some again: sbatch --array=1,3 docs/job_array.sh
#SBATCH --job-name=phase_boundary
#SBATCH --array=0-7
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --time=01:00:00
set -euo pipefail

out=results/array
shards=8 # as many as --array has above, however many are sent this time

.venv/bin/python -m simulations.phase_boundary --out "$out" --grid 64 \
  --shard "$SLURM_ARRAY_TASK_ID/$shards"

# The last job that is done puts the shards together; until then `combine` names the chunks that
# are missing and exits with 3. Any other code is the job's.
code=0
.venv/bin/python -m simulations.combine "$out" || code=$?
if [ "$code" -eq 3 ]; then
  echo "Other shards are still at work, or should be sent again."
  exit 0
fi
exit "$code"
