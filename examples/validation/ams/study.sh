#!/usr/bin/env bash
# Two networks for the AMS-02 ECAL compared, and one of them on events of another spectrum.
#
#     bash study.sh [EVENTS]        in an empty folder; 600 events take a minute, most of it CvT's
#
# Needs no file of the experiment: electrons and protons are simulated.
set -euo pipefail
EVENTS=${1:-600}

# Simulation, a file each, and what stands for flight data: steeper protons, fewer electrons.
rootml simulate ams -n $EVENTS --energy 200:2000 --set electron_fraction=1 --seed 1 -o electrons.root
rootml simulate ams -n $EVENTS --energy 200:2000 --set electron_fraction=0 --seed 2 -o protons.root
rootml simulate ams -n $EVENTS --energy 200:2000 --set electron_fraction=0.3 --set index=2.2 --seed 3 -o flight.root

# The outputs of both networks become branches.
rootml tag electrons.root protons.root -o tagged -m cnn_ams -m cvt_ams --no-plots
rootml tag flight.root tagged/flight.root -m cnn_ams --no-plots

# The new network against the old one and the experiment's own discriminants, also in bins.
rootml validate "Electrons and protons=tagged/electrons.root,tagged/protons.root" -m cnn_ams -m cvt_ams \
    --against energy:200,400,700,2000 --against "zenith angle [rad]=track_zenith" -o networks

# Data against stacked simulation, re-weighted from a spectrum of index 1 to 2.
rootml validate "Electrons=tagged/electrons.root" "Protons=tagged/protons.root" \
    --data "Flight=tagged/flight.root" -m cnn_ams --scale Electrons=0.43 --weight "200 / en3d" \
    --vary-weight "Protons:harder=(200 / en3d)**0.8" --vary-weight "Protons:softer=(200 / en3d)**1.2" \
    -o flight
