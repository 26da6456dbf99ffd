"""A process with ROOT in it: reads one JSON request a line, answers with one JSON line.

Not imported by tests; ``conftest.py`` starts it once, because starting ROOT takes seconds.
Every answer carries ROOT's own warnings and errors since the request came.
"""

import json
import os
import signal
import sys
import warnings

ANSWERS = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # TFile::Map and others print to standard output
warnings.simplefilter("ignore")

import ROOT  # noqa: E402

ROOT.gROOT.SetBatch(True)
for number in (signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV):
    signal.signal(number, signal.SIG_DFL)  # ROOT's own handlers may wait for themselves for ever
ROOT.gSystem.Load("libROOTNTupleUtil")
ROOT.gInterpreter.Declare(r"""
#include <TBasket.h>
#include <TBranch.h>
#include <TError.h>
#include <TLeaf.h>
#include <TTree.h>
#include <ROOT/RNTupleAttrReading.hxx>
#include <ROOT/RNTupleAttrWriting.hxx>
#include <ROOT/RNTupleInspector.hxx>
#include <ROOT/RNTupleModel.hxx>
#include <ROOT/RNTupleProcessor.hxx>
#include <ROOT/RNTupleReader.hxx>
#include <ROOT/RNTupleWriter.hxx>
std::vector<std::string> log_lines;
void collect(int level, Bool_t, const char *where, const char *what) {
    if (level >= kWarning) log_lines.push_back(std::string(where) + ": " + what);
}
void listen() { SetErrorHandler(collect); }

void describe(TObjArray *branches, std::vector<std::string> &out) {
    for (auto *object : *branches) {
        auto *branch = static_cast<TBranch *>(object);
        std::string line = std::string(branch->ClassName()) + " " + branch->GetName() + " " +
                           branch->GetTitle() + " " + std::to_string(branch->GetEntries());
        for (auto *thing : *branch->GetListOfLeaves()) {
            auto *leaf = static_cast<TLeaf *>(thing);
            line += std::string(" ") + leaf->ClassName() + ":" + leaf->GetTitle();
            if (leaf->GetLeafCount()) line += std::string("#") + leaf->GetLeafCount()->GetName();
        }
        for (int i = 0; i < branch->GetWriteBasket() || (i == 0 && branch->GetEntries()); ++i) {
            auto *basket = branch->GetBasket(i);
            if (!basket) { line += " -"; continue; }
            auto *buffer = basket->GetBufferRef();
            std::string bytes(buffer->Buffer() + basket->GetKeylen(),
                              std::max(0, basket->GetLast() - basket->GetKeylen()));
            line += " " + std::to_string(std::hash<std::string>()(bytes));
            branch->DropBaskets();
        }
        out.push_back(line);
        describe(branch->GetListOfBranches(), out);
    }
}
std::vector<std::string> describe_tree(TTree *tree) {
    std::vector<std::string> out;
    describe(tree->GetListOfBranches(), out);
    return out;
}
long long read_all(TTree *tree) {
    long long bytes = 0;
    for (long long i = 0; i < tree->GetEntries(); ++i) bytes += tree->GetEntry(i);
    return bytes;
}
std::string show_entries(const char *name, const char *path) {
    auto reader = ROOT::RNTupleReader::Open(name, path);
    std::ostringstream out;
    for (auto entry : *reader) {
        reader->Show(entry, out);
        out << ",";
    }
    return out.str();
}
std::vector<std::string> describe_fields(const char *name, const char *path) {
    auto reader = ROOT::RNTupleReader::Open(name, path);
    std::vector<std::string> out;
    for (const auto &field : reader->GetDescriptor().GetTopLevelFields())
        out.push_back(field.GetFieldName() + " " + field.GetTypeName() + " " +
                      field.GetFieldDescription());
    return out;
}
std::string inspect_ntuple(const char *name, const char *path) {
    auto inspector = ROOT::Experimental::RNTupleInspector::Create(name, path);
    std::ostringstream out;
    inspector->PrintColumnTypeInfo(ROOT::Experimental::ENTupleInspectorPrintFormat::kCSV, out);
    return out.str() + inspector->GetCompressionSettingsAsString();
}
std::string show_attributes(const char *name, const char *path) {
    std::ostringstream out;
    auto reader = ROOT::RNTupleReader::Open(name, path);
    for (const auto &set : reader->GetDescriptor().GetAttrSetIterable()) {
        auto attributes = reader->OpenAttributeSet(set.GetName());
        auto entry = attributes->CreateEntry();
        out << set.GetName();
        for (auto index : attributes->GetAttributes()) {
            auto range = attributes->LoadEntry(index, *entry);
            out << " " << range.GetStart() << "-" << range.GetEnd();
            out << " " << *entry->GetPtr<std::string>("note");
        }
    }
    return out.str();
}
double join_ntuples(const char *name, const char *path, const char *other, const char *field) {
    using namespace ROOT::Experimental;
    auto main = RNTupleProcessor::Create(RNTupleOpenSpec(name, path), "main");
    auto aux = RNTupleProcessor::Create(RNTupleOpenSpec(name, other), "other");
    auto joined = RNTupleProcessor::CreateJoin(std::move(main), std::move(aux), {});
    auto value = joined->RequestField<float>(std::string("other.") + field);
    double sum = 0;
    for (auto entry : *joined) {
        (void)entry;
        sum += *value;
    }
    return sum;
}
""")
ROOT.listen()


def open_file(path, mode="READ"):
    file = ROOT.TFile.Open(path, mode)
    assert not file.IsZombie()
    return file


def describe(path, tree):
    """The branches with a digest of every basket, and other facts on the file."""
    file = open_file(path)
    found = file.Get(tree)
    return {
        "recovered": bool(file.TestBit(ROOT.TFile.kRecovered)),
        "entries": int(found.GetEntries()),
        "branches": [str(line) for line in ROOT.describe_tree(found)],
        "leaves": [leaf.GetName() for leaf in found.GetListOfLeaves()],
        "counters": {
            leaf.GetLeafCount().GetName(): [
                bool(leaf.GetLeafCount().IsRange()),
                int(leaf.GetLeafCount().GetMaximum()),
            ]
            for leaf in found.GetListOfLeaves()
            if leaf.GetLeafCount()
        },
        "keys": sorted(f"{k.GetClassName()} {k.GetName()};{k.GetCycle()}" for k in keys(file)),
        "friends": [f.GetName() for f in found.GetListOfFriends() or ()],
        "aliases": [a.GetName() for a in found.GetListOfAliases() or ()],
        "user_info": [o.GetName() for o in found.GetUserInfo()],
        "index": found.GetTreeIndex().GetN() if found.GetTreeIndex() else 0,
        "streamers": sorted(info.GetName() for info in file.GetStreamerInfoList()),
    }


def keys(directory):
    for key in directory.GetListOfKeys():
        yield key
        if key.GetClassName().startswith("TDirectory"):
            yield from keys(key.ReadObj())


def read(path, tree, columns):
    """Bytes read entry by entry, the map of the file, sums by Draw and by RDataFrame."""
    file = open_file(path)
    file.Map()
    found = file.Get(tree)
    total = int(ROOT.read_all(found))
    sums = {}
    found.SetEstimate(1_000_000)
    for column in columns:
        size = found.Draw(column, "", "goff")
        sums[column] = sum(found.GetV1()[i] for i in range(size)) if size > 0 else 0.0
    frame = ROOT.RDataFrame(tree, path)
    futures = {column: frame.Sum(column) for column in columns} if found.GetEntries() else {}
    return {
        "bytes": total,
        "draw": sums,
        "frame": {column: float(value.GetValue()) for column, value in futures.items()},
    }


def scan(path, tree, columns):
    """How many rows TTree::Scan prints of these columns."""
    file = open_file(path)
    found = file.Get(tree)
    found.SetScanField(0)  # no question after each page
    return {"rows": int(found.Scan(":".join(columns)))}


def clusters(path, tree):
    """The entries before which TTree::GetClusterIterator says that clusters end."""
    file = open_file(path)
    found = file.Get(tree)
    iterator = found.GetClusterIterator(0)
    edges = []
    while iterator.Next() < found.GetEntries():
        edges.append(int(iterator.GetNextEntry()))
    return {"edges": edges}


def text(path, name):
    """The text of a TObjString."""
    return {"text": str(open_file(path).Get(name).GetString())}


def texts(path, tree, column):
    """A column of std::string, entry by entry, as RDataFrame reads it."""
    found = ROOT.RDataFrame(tree, path).Take["std::string"](column).GetValue()
    return {"texts": [str(text) for text in found]}


def merge(paths, target):
    """``hadd -fk``: with the input's compression, baskets are copied as they are."""
    merger = ROOT.TFileMerger(False)
    merger.OutputFile(target, "RECREATE", open_file(paths[0]).GetCompressionSettings())
    for path in paths:
        merger.AddFile(path)
    return {"ok": bool(merger.Merge())}


def update(path, tree, column):
    """Add a branch of entry numbers the way ROOT's users do."""
    from array import array

    file = open_file(path, "UPDATE")
    found = file.Get(tree)
    value = array("d", [0.0])
    branch = found.Branch(column, value, f"{column}/D")
    for entry in range(found.GetEntries()):
        value[0] = entry
        branch.Fill()
    found.GetDirectory().cd()
    found.Write("", ROOT.TObject.kOverwrite)
    file.Close()
    return {}


def friend(path, tree, other, column):
    """The sum of a friend's column, through AddFriend."""
    found = open_file(path)
    main = found.Get(tree)
    main.AddFriend(tree, other)
    size = main.Draw(column, "", "goff")
    return {"sum": sum(main.GetV1()[i] for i in range(size))}


def draw(path, tree, columns, friends=()):
    """The values of each column, entry by entry, beside ``friends`` (alias = tree, file)."""
    file = open_file(path)
    found = file.Get(tree)
    for friend in friends:
        found.AddFriend(*friend)
    found.SetEstimate(1_000_000)
    values = {}
    for column in columns:
        size = found.Draw(column, "", "goff")
        values[column] = [found.GetV1()[i] for i in range(size)] if size > 0 else []
    return {"values": values}


def ntuple(path, name, columns=(), show=True):
    """Fields, every entry as ``Show`` prints it, sums by RDataFrame, what the inspector says."""
    file = open_file(path)
    file.Map()
    entries = int(ROOT.RNTupleReader.Open(name, path).GetNEntries())
    frame = ROOT.RDataFrame(name, path) if entries and columns else None  # it needs entries
    futures = {column: frame.Sum(column) for column in columns} if frame else {}
    shown = str(ROOT.show_entries(name, path)) if show else ""
    shown = shown.replace("<streamer mode>", "null")
    return {
        "recovered": bool(file.TestBit(ROOT.TFile.kRecovered)),
        "entries": entries,
        "fields": [str(line) for line in ROOT.describe_fields(name, path)],
        "shown": json.loads(f"[{shown.rstrip(',')}]"),
        "sums": {column: float(value.GetValue()) for column, value in futures.items()},
        "inspected": str(ROOT.inspect_ntuple(name, path)),
        "attributes": str(ROOT.show_attributes(name, path)),
    }


def join(path, name, other, field):
    """The sum of a field of another file's RNTuple of the same name, joined entry by entry."""
    return {"sum": float(ROOT.join_ntuples(name, path, other, field))}


def macro(code, path):
    """Run C++ that writes a file: ``void make(const char *path)``, in a name space of its own."""
    name = f"made{ROOT.log_lines.size()}_{abs(hash((code, path)))}"
    ROOT.gInterpreter.Declare(f"namespace {name} {{ {code} }}")
    getattr(ROOT, name).make(path)
    return {}


ACTIONS = {
    f.__name__: f
    for f in (
        describe,
        read,
        scan,
        clusters,
        text,
        texts,
        merge,
        update,
        friend,
        draw,
        ntuple,
        join,
        macro,
    )
}

for line in sys.stdin:
    request = json.loads(line)
    ROOT.log_lines.clear()
    try:
        answer = ACTIONS[request.pop("do")](**request)
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    answer["messages"] = [str(message) for message in ROOT.log_lines]
    ANSWERS.write(json.dumps(answer) + "\n")
