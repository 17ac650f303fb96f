#!/usr/bin/env bash
# Pulls a model only where it fits this machine: the exit code of the check decides.
set -euo pipefail
model="${1:-Qwen/Qwen3-8B}"
name="${2:-qwen3:8b}"
llmfit check "$model" --precision int4 --context 8192 && ollama pull "$name"
