#!/usr/bin/env bash
# Installs llmfit for the GitHub Action: an environment of its own, and pinned dependencies with their hashes.
set -euo pipefail

folder="$RUNNER_TEMP/llmfit"
python3 -m venv "$folder"
programs="$folder/bin"
if [[ -d "$folder/Scripts" ]]; then
  programs="$folder/Scripts"
fi

pip=("$programs/python" -m pip --quiet --disable-pip-version-check install)
"${pip[@]}" --require-hashes -r "$GITHUB_ACTION_PATH/constraints/run.txt"
"${pip[@]}" --no-deps --no-build-isolation "$GITHUB_ACTION_PATH"
echo "$programs" >>"$GITHUB_PATH"
