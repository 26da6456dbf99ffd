"""What the numbers are compared with."""

DETECTOR = "ATLAS, JINST 3 (2008) S08003"
PERFORMANCE = "typical of electrons in ATLAS, JINST 14 (2019) P12006"
TALK = "M. Algren, A. Rosted, T. C. Petersen, ML at Work; abs(eta) < 2.5"

ROWS = (
    ("sampling", "sampling term, abs(eta) < 0.6, % √GeV", "10", DETECTOR),
    ("constant", "constant term, abs(eta) < 0.6, %", "0.7", DETECTOR),
    ("f0", "presampler over accordion at 50 GeV, %", "1 to 4", PERFORMANCE),
    ("f1", "share of the strips at 50 GeV, %", "20 to 35", PERFORMANCE),
    ("f3", "share of the back layer at 50 GeV, %", "below 1", PERFORMANCE),
    ("reta", "energy of 3 x 7 over 7 x 7 middle cells", "0.95 to 0.97", PERFORMANCE),
    ("rphi", "energy of 3 x 3 over 3 x 7 middle cells", "0.95 to 0.98", PERFORMANCE),
    ("weta2", "width in eta in the middle layer, 10⁻³", "10 to 11", PERFORMANCE),
    ("eiqr_mc", "eIQR75 of the baseline, Z → ee, %", "-", "no number"),
    ("eiqr_data", "the same in 'data', %", "-", "no number"),
    ("median_mc", "median of the baseline over the truth, Z → ee, %", "100", "by definition"),
    ("median_data", "the same in 'data', %", "-", "no number"),
    ("width_mc", "width of the Crystal Ball of the Z, GeV", "2.06 to 2.27 (data)", TALK),
    ("width_data", "the same in 'data', GeV", "2.06 to 2.27 (data)", TALK),
)
"""Key, text, literature, source."""
