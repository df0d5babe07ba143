//! One file to be read, whatever it is packed in.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use daotwin_core::{Error as CoreError, Limits};

use super::Options;
use crate::error::Result;

/// How many decoded bytes are looked at to recognise a format.
const HEAD_BYTES: u64 = 64 << 10;

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Plain,
    Gzip,
    Zstd,
}

/// A file to be read. Opening it reads only its head.
#[derive(Debug, Clone)]
pub struct Source {
    path: PathBuf,
    packing: Packing,
    head: Vec<u8>,
    options: Options,
    max_decoded_bytes: u64,
}

impl Source {
    /// Opens a file and unpacks its first bytes. Packing is told from the bytes, not from the name.
    ///
    /// # Errors
    /// I/O failures.
    pub fn open(path: &Path, options: &Options, limits: &Limits) -> Result<Self> {
        let io = |source| CoreError::Io { action: "read", path: path.to_path_buf(), source };
        let mut magic = [0; 4];
        let mut file = File::open(path).map_err(io)?;
        let read = file.read(&mut magic).map_err(io)?;
        let packing = match &magic[..read] {
            [0x1f, 0x8b, ..] => Packing::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd] => Packing::Zstd,
            _ => Packing::Plain,
        };
        let mut source = Self {
            path: path.to_path_buf(),
            packing,
            head: Vec::new(),
            options: options.clone(),
            max_decoded_bytes: limits.max_decoded_bytes,
        };
        let mut head = Vec::new();
        source.reader()?.take(HEAD_BYTES).read_to_end(&mut head).map_err(io)?;
        source.head = head;
        Ok(source)
    }

    /// The file's name without its folder: what manifests and messages show.
    pub fn name(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// The name without folder, packing and format endings: `votes` for `votes.csv.gz`.
    pub fn stem(&self) -> String {
        self.name().split('.').next().unwrap_or_default().to_owned()
    }

    /// The whole path, for errors.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The first unpacked bytes.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// The columns of the first line, where the file looks like CSV: empty otherwise.
    pub fn csv_columns(&self) -> Vec<String> {
        if self.head.first().is_none_or(|byte| matches!(byte, b'{' | b'[')) {
            return Vec::new();
        }
        let head = self.head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.head);
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(head);
        reader.headers().map(|row| row.iter().map(str::to_owned).collect()).unwrap_or_default()
    }

    /// What the user told about the sources.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The unpacked bytes from the start, cut off with an error over the limit `max_decoded_bytes`.
    ///
    /// # Errors
    /// I/O failures.
    pub fn reader(&self) -> Result<Box<dyn Read + Send>> {
        let io = |source| CoreError::Io { action: "read", path: self.path.clone(), source };
        let file = BufReader::with_capacity(1 << 16, File::open(&self.path).map_err(io)?);
        let limit = self.max_decoded_bytes;
        Ok(match self.packing {
            Packing::Plain => Box::new(Limited { inner: file, left: limit }),
            Packing::Gzip => {
                Box::new(Limited { inner: flate2::bufread::MultiGzDecoder::new(file), left: limit })
            }
            Packing::Zstd => Box::new(Limited {
                inner: zstd::stream::read::Decoder::with_buffer(file).map_err(io)?,
                left: limit,
            }),
        })
    }
}

/// Fails once more than `left` bytes came through.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            io::Error::new(io::ErrorKind::FileTooLarge, "decoded size is over the limit `max_decoded_bytes`")
        })?;
        Ok(read)
    }
}
