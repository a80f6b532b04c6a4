//! The columns of the files (docs/formats/block.md).

use parquet::schema::types::ColumnPath;

/// The scalars of a row of samples or histograms, in the order of the file.
pub(crate) const SCALARS: [&str; 8] = ["sid", "t0", "n", "step", "k", "e", "m0", "st"];

/// The lists of a row of samples, in the order of the file.
pub(crate) const LISTS: [(&str, &str); 7] = [
    ("xi", "int32"),
    ("xv", "double"),
    ("sd", "int64"),
    ("td", "int32"),
    ("dl", "int64"),
    ("f", "double"),
    ("d", "int32"),
];

/// The scalars that a row of histograms has besides, and their types.
pub(crate) const HISTOGRAM_SCALARS: [(&str, &str); 7] = [
    ("kind", "int32"),
    ("hint", "int32"),
    ("schema", "int32"),
    ("zero_threshold", "double"),
    ("positive_spans", "int32"),
    ("positive_buckets", "int32"),
    ("negative_buckets", "int32"),
];

/// The lists that a row of histograms has besides.
pub(crate) const HISTOGRAM_LISTS: [(&str, &str); 9] = [
    ("span_offset", "int32"),
    ("span_length", "int32"),
    ("bounds", "double"),
    ("count", "int64"),
    ("zero", "int64"),
    ("bucket", "int64"),
    ("count_f", "double"),
    ("zero_f", "double"),
    ("bucket_f", "double"),
];

/// The path of a list's values.
pub(crate) fn leaf(name: &str) -> ColumnPath {
    ColumnPath::new(vec![name.to_owned(), "list".to_owned(), "element".to_owned()])
}

/// The text of the samples table's schema.
pub(crate) fn samples() -> String {
    format!("message samples {{\n{}}}", float_columns())
}

fn float_columns() -> String {
    let mut text = String::from(
        "required int32 sid (INTEGER(32,false));\nrequired int64 t0;\nrequired int32 n;\nrequired int32 step;\nrequired int32 k;\n\
         required int32 e;\nrequired int64 m0;\nrequired int64 st;\n",
    );
    LISTS.iter().for_each(|(name, kind)| push_list(&mut text, name, kind));
    text
}

/// The text of the histogram table's schema.
pub(crate) fn histograms() -> String {
    let mut text = format!("message histograms {{\n{}", float_columns());
    for (name, kind) in HISTOGRAM_SCALARS {
        text.push_str(&format!("required {kind} {name};\n"));
    }
    HISTOGRAM_LISTS.iter().for_each(|(name, kind)| push_list(&mut text, name, kind));
    text.push('}');
    text
}

/// The text of the exemplar table's schema.
pub(crate) fn exemplars() -> &'static str {
    "message exemplars {\nrequired int32 sid (INTEGER(32,false));\nrequired int64 ts;\nrequired double value;\n\
     optional binary trace_id (UTF8);\n\
     required group labels (MAP) { repeated group key_value { required binary key (UTF8); required binary value (UTF8); } }\n}"
}

/// The text of the metadata table's schema.
pub(crate) fn metadata() -> &'static str {
    "message metadata {\nrequired binary metric (UTF8);\nrequired int32 type;\nrequired binary type_name (UTF8);\n\
     required binary help (UTF8);\nrequired binary unit (UTF8);\nrequired int64 first;\nrequired int64 last;\n}"
}

fn push_list(text: &mut String, name: &str, kind: &str) {
    text.push_str(&format!(
        "required group {name} (LIST) {{ repeated group list {{ required {kind} element; }} }}\n"
    ));
}
