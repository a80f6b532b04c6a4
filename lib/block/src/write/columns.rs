//! Columns of an open row group, written page by page.

use std::io::Write;
use std::sync::Arc;

use parquet::data_type::DataType;
use parquet::file::writer::{SerializedColumnWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::TypePtr;

use super::file::Buffer;
use crate::Error;
use crate::rows::List;

/// A schema from its text.
pub(crate) fn schema_of(text: &str) -> Result<TypePtr, Error> {
    Ok(Arc::new(parse_message_type(text)?))
}

/// The next column of the row group.
pub(crate) fn next<'w, W: Write + Send>(
    group: &'w mut SerializedRowGroupWriter<'_, W>,
) -> Result<SerializedColumnWriter<'w>, Error> {
    group.next_column()?.ok_or_else(|| Error::Write("the schema has fewer columns".to_owned()))
}

/// Writes the next column, one required value per row.
pub(crate) fn scalars<D: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[D::T],
    page_rows: usize,
) -> Result<(), Error> {
    let mut column = next(group)?;
    for page in values.chunks(page_rows) {
        column.typed::<D>().write_batch(page, None, None)?;
    }
    Ok(column.close()?)
}

/// Writes the next column, one optional value per row: `defined` says per row 1 or 0, `values` has those that are there.
pub(crate) fn optionals<D: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Buffer>,
    values: &[D::T],
    defined: &[i16],
    page_rows: usize,
) -> Result<(), Error> {
    let mut column = next(group)?;
    let mut rest = values;
    for page in defined.chunks(page_rows) {
        let (here, behind) = rest.split_at(page.iter().filter(|level| **level == 1).count());
        column.typed::<D>().write_batch(here, Some(page), None)?;
        rest = behind;
    }
    Ok(column.close()?)
}

/// Writes the next column, a list of required elements per row.
pub(crate) fn lists<D: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Buffer>,
    list: &List<D::T>,
    page_rows: usize,
) -> Result<(), Error> {
    let mut column = next(group)?;
    let (mut defined, mut repeated): (Vec<i16>, Vec<i16>) = (Vec::new(), Vec::new());
    let mut rest = list.values.as_slice();
    for lens in list.lens.chunks(page_rows) {
        defined.clear();
        repeated.clear();
        let mut here = 0;
        for len in lens {
            let len = *len as usize;
            defined.resize(defined.len() + len.max(1), i16::from(len > 0));
            repeated.push(0);
            repeated.resize(defined.len(), 1);
            here += len;
        }
        let (values, behind) = rest.split_at(here);
        column.typed::<D>().write_batch(values, Some(&defined), Some(&repeated))?;
        rest = behind;
    }
    Ok(column.close()?)
}
