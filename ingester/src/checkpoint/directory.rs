//! What stands at the end of a checkpoint: where the pages are, and which tenants are in them.

use mneme_model::{TenantId, TimestampMs};
use mneme_wal::DecodeError;
use mneme_wal::wire::{Reader, put_bytes, put_varint, put_zigzag};

/// The last bytes of a checkpoint.
const END: [u8; 4] = *b"MNCE";
/// The footer: offset, length and CRC of the directory, the object's length, its own CRC, the end mark.
pub(super) const FOOTER_LEN: usize = 32;
/// No directory is longer.
pub(super) const LONGEST: usize = 256 << 20;
/// No page's index is longer once it is decompressed.
const LONGEST_INDEX: u32 = 64 << 20;
/// One page in the directory.
const PAGE_LEN: usize = 16;

/// One page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageEntry {
    /// Where it starts; not stored, for pages follow one another.
    pub(super) offset: u64,
    /// Stored bytes of the index; fewer than `index_raw` = zstd.
    pub(super) index_len: u32,
    /// Bytes of the index.
    pub(super) index_raw: u32,
    /// Bytes of the chunks behind it.
    pub(super) data_len: u32,
    /// CRC-32C of the stored bytes.
    pub(super) crc: u32,
}

impl PageEntry {
    /// Stored bytes.
    pub(super) fn len(&self) -> u64 {
        u64::from(self.index_len) + u64::from(self.data_len)
    }
}

/// What a checkpoint has of one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TenantEntry {
    pub(super) tenant: TenantId,
    /// Its first page; the others follow. The first and the last one may hold other tenants' series as well.
    pub(super) first_page: u64,
    pub(super) pages: u64,
    pub(super) series: u64,
    pub(super) chunks: u64,
    pub(super) samples: u64,
    pub(super) min_time: TimestampMs,
    pub(super) max_time: TimestampMs,
    /// Metric families with metadata.
    pub(super) families: u64,
}

/// Pages and tenants, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Directory {
    pub(super) pages: Vec<PageEntry>,
    pub(super) tenants: Vec<TenantEntry>,
}

/// Where the directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Footer {
    pub(super) offset: u64,
    pub(super) len: u32,
    pub(super) crc: u32,
}

impl Directory {
    /// Chunks of all tenants.
    pub(super) fn chunks(&self) -> u64 {
        self.tenants.iter().map(|tenant| tenant.chunks).sum()
    }

    /// Appends directory and footer.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let offset = out.len();
        out.extend_from_slice(&(self.pages.len() as u32).to_le_bytes());
        out.extend_from_slice(&(self.tenants.len() as u32).to_le_bytes());
        for page in &self.pages {
            for number in [page.index_len, page.index_raw, page.data_len, page.crc] {
                out.extend_from_slice(&number.to_le_bytes());
            }
        }
        for tenant in &self.tenants {
            put_bytes(out, tenant.tenant.as_str().as_bytes());
            for number in [tenant.first_page, tenant.pages, tenant.series, tenant.chunks, tenant.samples] {
                put_varint(out, number);
            }
            put_zigzag(out, tenant.min_time);
            put_zigzag(out, tenant.max_time);
            put_varint(out, tenant.families);
        }
        let len = out.len() - offset;
        let footer = out.len();
        let crc = crc32c::crc32c(&out[offset..]);
        out.extend_from_slice(&(offset as u64).to_le_bytes());
        out.extend_from_slice(&(len as u32).to_le_bytes());
        out.extend_from_slice(&crc.to_le_bytes());
        out.extend_from_slice(&((footer + FOOTER_LEN) as u64).to_le_bytes());
        let crc = crc32c::crc32c(&out[footer..]);
        out.extend_from_slice(&crc.to_le_bytes());
        out.extend_from_slice(&END);
    }

    /// Reads a directory that starts at `offset` of its object, whose pages start at `pages_start`.
    pub(super) fn decode(bytes: &[u8], offset: u64, pages_start: u64) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes, usize::try_from(offset).unwrap_or(usize::MAX));
        let (pages, tenants) = (reader.u32()? as usize, reader.u32()? as usize);
        if pages.saturating_mul(PAGE_LEN) > reader.remaining() || tenants > reader.remaining() {
            return Err(reader.error("a count is larger than what follows"));
        }
        let mut directory =
            Self { pages: Vec::with_capacity(pages), tenants: Vec::with_capacity(tenants.min(1 << 16)) };
        let mut next = pages_start;
        for _ in 0..pages {
            let page = page(&mut reader, next)?;
            next = next.saturating_add(page.len());
            directory.pages.push(page);
        }
        if next != offset {
            return Err(reader.error("the pages do not fill the place before the directory"));
        }
        for _ in 0..tenants {
            directory.tenants.push(tenant(&mut reader)?);
        }
        if reader.is_empty() { Ok(directory) } else { Err(reader.error("bytes follow the directory")) }
    }
}

impl Footer {
    /// Reads the last bytes of an object of `size` bytes.
    pub(super) fn decode(bytes: &[u8], size: u64) -> Result<Self, DecodeError> {
        let start = size.saturating_sub(FOOTER_LEN as u64);
        let mut reader = Reader::new(bytes, usize::try_from(start).unwrap_or(usize::MAX));
        let (offset, len, crc) = (reader.u64()?, reader.u32()?, reader.u32()?);
        let whole = reader.u64()?;
        let own = reader.u32()?;
        if reader.take(4)? != END || bytes.get(..24).is_none_or(|bytes| crc32c::crc32c(bytes) != own) {
            return Err(reader.error("the end of the checkpoint is not where the object ends"));
        }
        if whole != size || offset.checked_add(u64::from(len)) != Some(start) || len as usize > LONGEST {
            return Err(reader.error("the footer contradicts the object's length"));
        }
        Ok(Self { offset, len, crc })
    }
}

fn page(reader: &mut Reader<'_>, offset: u64) -> Result<PageEntry, DecodeError> {
    let page = PageEntry {
        offset,
        index_len: reader.u32()?,
        index_raw: reader.u32()?,
        data_len: reader.u32()?,
        crc: reader.u32()?,
    };
    if page.index_len > page.index_raw || page.index_raw > LONGEST_INDEX {
        return Err(reader.error("a page's length is wrong"));
    }
    Ok(page)
}

fn tenant(reader: &mut Reader<'_>) -> Result<TenantEntry, DecodeError> {
    let tenant = TenantId::new(reader.text()?).map_err(|_| reader.error("an invalid tenant"))?;
    Ok(TenantEntry {
        tenant,
        first_page: reader.varint()?,
        pages: reader.varint()?,
        series: reader.varint()?,
        chunks: reader.varint()?,
        samples: reader.varint()?,
        min_time: reader.zigzag()?,
        max_time: reader.zigzag()?,
        families: reader.varint()?,
    })
}
