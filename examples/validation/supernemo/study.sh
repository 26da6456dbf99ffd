#!/usr/bin/env bash
# Tracks in the SuperNEMO tracker counted by a network with four classes.
#
#     bash study.sh [EVENTS]        in an empty folder; 8000 events take a minute
#
# simulation.py makes straight tracks, count_tracks.card.yaml fills their hits into an image, and
# network.py trains a convolutional network on it, and fixes its sets on further events.
set -euo pipefail
EVENTS=${1:-8000}
EPOCHS=${2:-5}
HERE=$(dirname "$0")

python $HERE/simulation.py train.root --events $EVENTS --seed 1
python $HERE/simulation.py test.root --events $EVENTS --seed 2
python $HERE/simulation.py fixed.root --events $EVENTS --seed 3
python $HERE/network.py train.root fixed.root models --epochs $EPOCHS
rootml tag test.root tagged.root -m models/count_tracks.card.yaml --no-plots

# Confusion, accuracy and purity of each class, reliability, coverage of sets; single events, the worst mistakes first.
rootml validate "Test=tagged.root" -m models/count_tracks.card.yaml --against "Hits=hits:0:60:20" \
    --events 6 -o counting
