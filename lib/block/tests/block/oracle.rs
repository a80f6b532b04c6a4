//! Our decoder beside the Parquet crate's own row reader: the same samples, bit by bit.

use bytes::Bytes;
use mneme_block::meta::FileKind;
use mneme_block::read::Select;
use mneme_model::chunk::RawSamples;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use proptest::prelude::*;

use crate::hostile::series;
use crate::support::{Block, Memory, bits, small};

/// What docs/formats/block.md says of a row, by the plainest code.
fn decode(row: &Row) -> (u32, Vec<i64>, Vec<u64>) {
    let find = |name: &str| {
        let field = row.get_column_iter().find(|(found, _)| *found == name);
        field.map(|(_, field)| field.clone()).unwrap()
    };
    let number = |field: &Field| match field {
        Field::Int(v) => i64::from(*v),
        Field::UInt(v) => i64::from(*v),
        Field::Long(v) => *v,
        Field::Double(v) => v.to_bits() as i64,
        other => panic!("{other:?}"),
    };
    let scalar = |name: &str| number(&find(name));
    let list = |name: &str| -> Vec<i64> {
        match find(name) {
            Field::ListInternal(list) => list.elements().iter().map(number).collect(),
            other => panic!("{name}: {other:?}"),
        }
    };
    let unzigzag = |z: i64| (z >> 1) ^ -(z & 1);
    let before =
        |list: &[i64], i: usize| i.checked_sub(1).and_then(|i| list.get(i)).map_or(0, |z| unzigzag(*z));
    let (n, k, td) = (scalar("n") as usize, scalar("k"), list("td"));
    let t = (0..n).map(|i| scalar("t0") + i as i64 * scalar("step") + before(&td, i)).collect();
    let d = if k & 4 == 4 { list("dl") } else { list("d") };
    let f = list("f");
    let mut m = scalar("m0");
    let mut v = Vec::new();
    for i in 0..n {
        m += before(&d, i);
        v.push(match (k & 8, k & 64) {
            (8, 64) => f[0] as u64,
            (8, _) => f[i] as u64,
            _ => (m as f64 / 10f64.powi(scalar("e") as i32)).to_bits(),
        });
    }
    for (at, value) in list("xi").iter().zip(list("xv")) {
        v[*at as usize] = value as u64;
    }
    (scalar("sid") as u32, t, v)
}

fn rows(file: &Bytes) -> Vec<Row> {
    let reader = SerializedFileReader::new(file.clone()).unwrap();
    reader.get_row_iter(None).unwrap().map(Result::unwrap).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_parquet_crate_reads_the_same_samples(series in series(), split in any::<bool>()) {
        let mut options = small(7_200_000);
        options.byte_stream_split = split;
        let mut memory = Memory::new(series);
        memory.series.retain(|series| !series.samples.t.is_empty());
        if memory.series.is_empty() {
            return Ok(());
        }
        let block = Block::write(&options, &mut memory);
        let name = FileKind::Samples.file_name();
        let (_, file) = block.ranges.inner.0.iter().find(|(key, _)| key.ends_with(name)).unwrap();
        let found = block.select(&Select::new(Vec::new(), i64::MIN, i64::MAX));
        let mut plain = vec![(Vec::new(), Vec::new()); found.len()];
        for row in rows(file) {
            let (sid, t, v) = decode(&row);
            plain[sid as usize].0.extend(t);
            plain[sid as usize].1.extend(v);
        }
        for (series, (t, v)) in found.iter().zip(plain) {
            let mut got = RawSamples::default();
            series.read_raw(i64::MIN, i64::MAX, &mut got).unwrap();
            let got = bits(&got);
            prop_assert_eq!((got.0, got.1), (t, v), "{}", series.labels);
        }
    }
}
