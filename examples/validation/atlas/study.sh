#!/usr/bin/env bash
# The energy of electrons: a regression trained on a flat ntuple, and what it makes of the Z peak.
#
#     bash study.sh [EVENTS]        in an empty folder; 15000 events take a minute
#
# simulation.py is a toy of a calorimeter, energy.adapter.yaml says what the network sees, and
# energy_recipe.py how it is trained.
set -euo pipefail
EVENTS=${1:-15000}
HERE=$(dirname "$0")

python $HERE/simulation.py train.root --events $EVENTS --seed 1
python $HERE/simulation.py test.root --events $EVENTS --seed 2
python $HERE/simulation.py data.root --events $EVENTS --seed 3 --data

rootml train $HERE/energy_recipe.py train.root --adapter $HERE/energy.adapter.yaml -o models
rootml tag train.root test.root data.root -o tagged -m models/electron_energy.card.yaml --no-plots

# Response, resolution and pulls against the file's own calibrated energy; against the training.
rootml validate "Test=tagged/test.root" --train "Training=tagged/train.root" \
    -m models/electron_energy.card.yaml \
    --against "|eta|=abs(p_eta):0,0.6,1.2,1.4,1.55,1.8,2.47" \
    --against "E_T [GeV]=p_e / 1000 / cosh(p_eta):15,25,35,45,60,100" \
    --against "Interactions per crossing=averageInteractionsPerCrossing:5,20,30,40,50,70" -o energy

# Inputs and the invariant mass in data and simulation; the data know no truth.
rootml validate "Simulation=tagged/test.root" --data "Data=tagged/data.root" \
    -m models/electron_energy.card.yaml --against "Mass of the pair [GeV]=m_ee:70:110:40" -o data

# The peak of the Z, fitted in both; --select takes one electron of each pair.
rootml validate "Simulation=tagged/test.root" --data "Data=tagged/data.root" \
    -m models/electron_energy.card.yaml --select "p_e > tag_e" --no-inputs \
    --against "Mass of the pair [GeV]=m_ee:75:105:60" \
    --fit "Mass of the pair=breit_wigner_crystal_ball(gamma=2.4952)" -o peak
