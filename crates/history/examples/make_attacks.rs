//! Writes the hostile files of `attacks/`: `cargo run --release -p daotwin-history --example make_attacks`.
//!
//! Each file is small and tries one thing; `attacks/README.md` lists what must happen to it.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, StringDictionaryBuilder};
use arrow::datatypes::Int32Type;
use daotwin_core::files::atomic_write;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

type Outcome<T> = Result<T, Box<dyn Error>>;

const CAST: &str = "0xb8e138887d0aa13bab447e82de9d5c1777041ecd21ca36ba824ff1e6c07ddda4";
const CREATED: &str = "0x7d84a6263ae0d98d3329bd7b46bb4e8d6f98cd35a7adb45c274c8b7fd5ebd5e0";

fn word(last: &str) -> String {
    format!("{last:0>64}")
}

/// A log with an event's hash, one voter topic where `voter`, and the data's words.
fn log(event: &str, voter: bool, words: &[String]) -> String {
    let topics = if voter { format!("\"{event}\",\"0x{}\"", word("1")) } else { format!("\"{event}\"") };
    let data = words.concat();
    format!(
        "[{{\"address\":\"0x{}\",\"topics\":[{topics}],\"data\":\"0x{data}\",\"blockNumber\":\"0x1\"}}]",
        "11".repeat(20)
    )
}

fn parquet(columns: Vec<(&str, ArrayRef)>) -> Outcome<Vec<u8>> {
    let batch = RecordBatch::try_from_iter(columns)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(19)?))
        .set_dictionary_page_size_limit(1 << 26)
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties))?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(bytes)
}

/// A column that names one long text in every row.
fn long_text(rows: usize) -> Outcome<ArrayRef> {
    let mut builder = StringDictionaryBuilder::<Int32Type>::new();
    let text = "a".repeat(1 << 20);
    for _ in 0..rows {
        builder.append(&text)?;
    }
    let array: ArrayRef = Arc::new(builder.finish());
    Ok(array)
}

fn gzip(chunk: &[u8], times: usize) -> Outcome<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..times {
        encoder.write_all(chunk)?;
    }
    Ok(encoder.finish()?)
}

fn zstandard(head: &[u8], chunk: &[u8], times: usize) -> Outcome<Vec<u8>> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 19)?;
    encoder.write_all(head)?;
    for _ in 0..times {
        encoder.write_all(chunk)?;
    }
    Ok(encoder.finish()?)
}

fn main() -> Outcome<()> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../attacks"));
    let put = |name: &str, bytes: &[u8]| -> Outcome<()> {
        let path = root.join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        Ok(atomic_write(&path, bytes)?)
    };
    let text = |name: &str, content: &str| put(name, content.as_bytes());
    let zero = word("0");

    let vote = [word("1"), word("1"), word("5"), word("80"), zero.clone()];
    text("log-truncated.json", log(CAST, true, &vote).get(..300).unwrap_or_default())?;
    text("log-deep.json", &format!("[{{\"topics\":[],\"data\":{}", "[".repeat(40_000)))?;
    put("log-not-utf8.json", b"[{\"topics\":[\"\xff\xfe\xfd\"],\"data\":\"0x\"}]")?;
    text("log-nan.json", "[{\"topics\":[NaN],\"data\":Infinity}]")?;
    let number = "9".repeat(90_000);
    text("log-long-integer.json", &format!("[{{\"topics\":[],\"data\":\"0x\",\"blockNumber\":{number}}}]"))?;
    text("log-wrong-types.json", "[1,null,\"x\",{\"topics\":{},\"data\":[]},{\"topics\":[[]],\"data\":5}]")?;
    text("log-duplicate-keys.json", "[{\"topics\":[],\"topics\":[],\"data\":\"0x\",\"data\":\"0x00\"}]")?;
    text("log-error-response.json", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"too many requests\"}")?;
    let many = vec![format!("\"{CAST}\""); 500].join(",");
    text("log-many-topics.json", &format!("[{{\"topics\":[{many}],\"data\":\"0x\"}}]"))?;
    text("log-odd-hexadecimal.json", &log(CAST, true, &["abc".to_owned()]))?;
    text("log-short-data.json", &log(CAST, true, &[word("1")]))?;
    let outside = [word("1"), word("1"), word("5"), word("ffffff")];
    text("abi-offset-outside.json", &log(CAST, true, &outside))?;
    let huge = format!("8{}", "0".repeat(63));
    let length = [word("1"), word("1"), word("5"), word("80"), huge.clone()];
    text("abi-length-2-255.json", &log(CAST, true, &length))?;
    let head = ["1", "2"].map(word);
    let mut created = head.to_vec();
    created.extend(["120", "120", "120", "120"].map(word));
    created.extend([zero.clone(), zero.clone(), word("120"), huge.clone()]);
    text("abi-array-2-255.json", &log(CREATED, false, &created))?;
    // Every element of `signatures` refers to the same bytes.
    let items = 300;
    let mut created = head.to_vec();
    created.extend(["120", "120", "120", "120"].map(word));
    created.extend([zero.clone(), zero.clone(), word("140"), format!("{items:0>64x}")]);
    created.extend(vec![word("60"); items + 60]);
    text("abi-shared-bytes.json", &log(CREATED, false, &created))?;
    let support = [word("1"), word("ff"), word("5"), word("80"), zero.clone()];
    text("abi-support-255.json", &log(CAST, true, &support))?;
    let power = [word("1"), word("1"), "f".repeat(64), word("80"), zero];
    text("abi-power-2-256.json", &log(CAST, true, &power))?;
    text(
        "blocks-contradict.csv",
        "block_number,timestamp\n5,100\n5,200\n6,-1\nx,y\n7,9223372036854775807\n",
    )?;

    let columns: Vec<String> = (0..10_000).map(|column| format!("c{column}")).collect();
    text("csv-10000-columns.csv", &format!("{}\n", columns.join(",")))?;
    let head = "dao,proposal,member,choice,power\n";
    text("csv-unterminated-quote.csv", &format!("{head}d,1,\"m,1,5\n{}", "d,1,m,1,5\n".repeat(5_000)))?;
    text("csv-ragged.csv", &format!("{head}d,1\nd,1,m,1,5,6,7\n"))?;
    put("csv-not-utf8.csv", b"dao,proposal,member,choice,power\nd,1,\xff\xfe,1,5\n")?;
    text("csv-negative-power.csv", &format!("{head}d,1,m,1,-5\n"))?;
    text("csv-nan-power.csv", &format!("{head}d,1,m,1,NaN\nd,1,n,1,Infinity\n"))?;
    text("csv-huge-exponent.csv", &format!("{head}d,1,m,1,1e2147483647\nd,1,n,1,1e99999999999\n"))?;
    text("csv-long-integer.csv", &format!("{head}d,1,m,1,{}\n", "9".repeat(90_000)))?;
    text("csv-choice-zero.csv", &format!("{head}d,1,m,0,5\nd,1,n,-1,5\nd,1,o,99999999999,5\n"))?;
    put("empty.json", b"")?;
    put(
        "random.bin",
        &(0..4_096_u32).map(|byte| (byte.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<_>>(),
    )?;

    let mut zeros = gzip(&vec![b'0'; 1 << 16], 1_024)?;
    put("bomb.csv.gz", &zeros)?;
    zeros.truncate(zeros.len() / 2);
    put("damaged.csv.gz", &zeros)?;
    put("bomb-text.json.zst", &zstandard(b"[{\"topics\":[],\"data\":\"0x", &vec![b'0'; 1 << 20], 512)?)?;
    put(
        "bomb-logs.json.zst",
        &zstandard(
            b"[",
            &format!("{{\"topics\":[],\"data\":\"0x{}\"}},", "0".repeat(400)).as_bytes().repeat(3_000),
            100,
        )?,
    )?;

    // A megabyte of text named by twenty thousand rows: twenty gigabytes.
    let rows = 20_000;
    let numbers = || -> ArrayRef { Arc::new(Int64Array::from(vec![1; rows])) };
    let texts = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text; rows])) };
    let bomb = parquet(vec![
        ("dao", texts("d")),
        ("proposal", texts("1")),
        ("member", long_text(rows)?),
        ("choice", numbers()),
        ("power", numbers()),
    ])?;
    put("bomb.parquet", &bomb)?;
    put("truncated.parquet", bomb.get(..bomb.len() / 2).unwrap_or_default())?;
    put("not-parquet.parquet", b"PAR1 nothing PAR1")?;

    let manifest = |tables: &str| {
        format!("{{\"format\":\"daotwin-history\",\"version\":1,\"decimals\":18,\"tables\":{{{tables}}}}}")
    };
    text(
        "history-path-trick/manifest.json",
        &manifest("\"../../Cargo\":{\"rows\":1,\"public\":[],\"protected\":[]}"),
    )?;
    text(
        "history-missing-table/manifest.json",
        &manifest("\"votes\":{\"rows\":1,\"public\":[],\"protected\":[]}"),
    )?;
    text(
        "history-wrong-schema/manifest.json",
        &manifest("\"votes\":{\"rows\":1,\"public\":[],\"protected\":[]}"),
    )?;
    let wrong: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    put("history-wrong-schema/votes.parquet", &parquet(vec![("dao", wrong)])?)?;
    text("history-decimals/manifest.json", &manifest("").replace("18", "255"))?;
    text("history-other-version/manifest.json", &manifest("").replace("\"version\":1", "\"version\":99"))?;
    let text_column = |name: &'static str, value: &str| -> Outcome<(&'static str, ArrayRef)> {
        let mut builder = StringDictionaryBuilder::<Int32Type>::new();
        builder.append(value)?;
        let array: ArrayRef = Arc::new(builder.finish());
        Ok((name, array))
    };
    let integers: ArrayRef = Arc::new(Int64Array::from(vec![0]));
    let plain: ArrayRef = Arc::new(StringArray::from(vec!["0x"]));
    let actions = parquet(vec![
        text_column("dao", "d")?,
        text_column("proposal", "1")?,
        ("index", integers),
        text_column("target", "t")?,
        ("value", plain.clone()),
        text_column("signature", "s")?,
        ("calldata", plain),
    ])?;
    text(
        "history-row-count/manifest.json",
        &manifest("\"actions\":{\"rows\":2000000,\"public\":[],\"protected\":[]}"),
    )?;
    put("history-row-count/actions.parquet", &actions)?;

    // The same megabyte in a text column of a History.
    let mut dictionary = StringDictionaryBuilder::<Int32Type>::new();
    for _ in 0..rows {
        dictionary.append("d")?;
    }
    let ids: ArrayRef = Arc::new(dictionary.finish());
    // Written as plain text would be, so that the reader is asked for plain text.
    let long = arrow::compute::cast(&long_text(200)?, &arrow::datatypes::DataType::Utf8)?;
    let few = ids.slice(0, 200);
    let small: ArrayRef = Arc::new(Int64Array::from(vec![0; 200]));
    let short: ArrayRef = Arc::new(StringArray::from(vec!["0"; 200]));
    let bomb = parquet(vec![
        ("dao", few.clone()),
        ("proposal", few.clone()),
        ("index", small),
        ("target", few.clone()),
        ("value", short),
        ("signature", few),
        ("calldata", long),
    ])?;
    text(
        "history-bomb/manifest.json",
        &manifest("\"actions\":{\"rows\":200,\"public\":[],\"protected\":[]}"),
    )?;
    put("history-bomb/actions.parquet", &bomb)?;
    text("mapping-votes.toml", MAPPING)?;
    text(
        "mapping-wrong.toml",
        "[vote]\nfile = 5\n[votes]\ncolumns = 3\ndelimiter = \"ab\"\nunits = \"x\"\n",
    )?;
    Ok(())
}

/// The sound mapping that the CSV and Parquet files are read through.
const MAPPING: &str = r#"[votes]
file = "*"
choice = "index"

[votes.columns]
dao = "dao"
proposal = "proposal"
member = "member"
choice = "choice"
power = "power"
"#;
