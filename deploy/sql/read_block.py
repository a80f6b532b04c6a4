"""Reads the samples of a block's part: read_block.py FOLDER prints one line per sample. Needs pyarrow and numpy."""
import sys
import numpy as np
import pyarrow.parquet as pq


def unzigzag(z):
    z = np.asarray(z, dtype=np.int64)
    return (z >> 1) ^ -(z & 1)


def rows(folder):
    """Yields (sid, times in ms, values) of each row of samples.parquet (docs/formats/block.md)."""
    for batch in pq.ParquetFile(f"{folder}/samples.parquet").iter_batches():
        for r in batch.to_pylist():
            n, k = r["n"], r["k"]
            t = r["t0"] + np.arange(n, dtype=np.int64) * r["step"]
            if k & 1:
                t[1:] += unzigzag(r["td"])
            if k & 8:
                v = np.resize(np.array(r["f"], dtype=np.float64), n)
            else:
                m = np.full(n, r["m0"], dtype=np.int64)
                if k & 6:
                    m[1:] += np.cumsum(unzigzag(r["dl"] if k & 4 else r["d"]))
                v = m / 10.0 ** r["e"]
            v[r["xi"]] = r["xv"]
            yield r["sid"], t, v


if __name__ == "__main__":
    series = pq.read_table(f"{sys.argv[1]}/series.parquet").to_pylist()
    for sid, t, v in rows(sys.argv[1]):
        labels = {name[2:]: value for name, value in series[sid].items() if name.startswith("l_") and name != "l_rest" and value is not None}
        labels.update(series[sid].get("l_rest") or [])
        for one_t, one_v in zip(t, v):
            print(sorted(labels.items()), one_t, repr(float(one_v)))
