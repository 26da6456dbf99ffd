"""(e) RDataFrame: the network compiled in C++ beforehand, the scores or all columns by Snapshot."""

import sys
import warnings

warnings.simplefilter("ignore")  # ROOT's wheel says that it is an alpha

import ROOT  # noqa: E402

source, library, weights, target, columns, threads = sys.argv[1:]
if int(threads) > 1:
    ROOT.EnableImplicitMT(int(threads))
ROOT.gSystem.Load(library)
ROOT.gInterpreter.Declare(
    "void load(const char *); float perceptron(const std::array<float, 30> &);"
)
ROOT.load(weights)
x = ", ".join(f"x{i:02d}" for i in range(30))
df = ROOT.RDataFrame("tree", source).Define("score", f"perceptron({{{x}}})")
if columns == "all":
    df.Snapshot("tree", target)
else:
    df.Snapshot("tree", target, [columns])
