#!/usr/bin/env bash
set -euo pipefail
cd "$(dirname "$0")"
source env.sh
for seed in "$@"; do
    python train.py "$seed" 2>&1 | tee -a "logs.txt"
done
[[ -t 1 ]] || echo "no terminal"
trap 'echo bye' EXIT
exit 9
