use std::fs;
use std::path::{Path, PathBuf};

use daotwin_core::Limits;
use daotwin_core::files::atomic_write;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::Error;

/// A folder with files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        atomic_write(&path, text.as_bytes()).unwrap();
    }
    folder
}

fn names(path: &Path) -> Vec<String> {
    let artifacts = read(path, &Limits::default()).unwrap();
    artifacts.contracts.iter().map(|contract| contract.full_name()).collect()
}

fn problems(path: &Path) -> String {
    read(path, &Limits::default()).unwrap_err().to_string()
}

const ABI: &str = r#"[{"type":"function","name":"f","inputs":[],"outputs":[],"stateMutability":"view"}]"#;
/// PUSH1 1; POP; JUMPDEST; STOP
const CODE: &str = "600150005b00";
const SOURCE: &str = "// x\ncontract A {\n  function f() public view {\n    1;\n  }\n}\n";

fn abi() -> Value {
    serde_json::from_str(ABI).unwrap()
}

#[test]
fn foundry_builds_are_read() {
    let artifact = json!({
        "abi": abi(),
        "bytecode": {"object": format!("0x{CODE}"), "sourceMap": "", "linkReferences": {}},
        "deployedBytecode": {"object": format!("0x{CODE}"), "sourceMap": "51:1:0:-:0;;;", "linkReferences": {},
            "immutableReferences": {"7": [{"start": 1, "length": 1}]}},
        "methodIdentifiers": {"f()": "26121ff0"},
        "rawMetadata": "{}",
        "metadata": {"compiler": {"version": "0.8.30+commit.1"}, "language": "Solidity",
            "settings": {"compilationTarget": {"src/A.sol": "A"}}},
        "storageLayout": {"storage": [{"label": "x", "slot": "0", "offset": 0, "type": "t"}], "types": {}},
        "id": 0
    });
    let project = folder(&[
        ("foundry.toml", "[profile.default]"),
        ("src/A.sol", SOURCE),
        ("out/A.sol/A.json", &artifact.to_string()),
        (
            "out/build-info/1.json",
            r#"{"id":"1","source_id_to_path":{"0":"src/A.sol"},"language":"Solidity"}"#,
        ),
        ("cache/solidity-files-cache.json", "not json"),
        ("package.json", "{}"),
    ]);
    for path in ["", "out", "out/A.sol/A.json"] {
        assert_eq!(names(&project.path().join(path)), ["src/A.sol:A"], "{path}");
    }
    let artifacts = read(project.path(), &Limits::default()).unwrap();
    let contract = artifacts.find("A").unwrap();
    assert!(contract.deployable() && contract.functions[0].view());
    assert_eq!(contract.compiler.as_deref(), Some("0.8.30+commit.1"));
    assert_eq!(contract.storage_layout.as_ref().unwrap().storage[0].label, "x");
    assert_eq!(contract.runtime.immutables, [Immutable { offset: 1, length: 1 }]);
    assert_eq!(contract.place(0), Some(Place { file: "src/A.sol", line: 4, last_line: 4 }));
    assert_eq!(contract.place(1), None, "data of a push");
    assert_eq!(contract.snippet(0), Some("1"));
    assert_eq!(contract.lines().len(), 4);
}

#[test]
fn hardhat_builds_are_read_with_their_build_information() {
    let artifact = json!({
        "_format": "hh-sol-artifact-1", "contractName": "A", "sourceName": "contracts/A.sol", "abi": abi(),
        "bytecode": format!("0x{CODE}"), "deployedBytecode": format!("0x{CODE}"),
        "linkReferences": {}, "deployedLinkReferences": {}
    });
    let output = |code: &str| {
        json!({"contracts": {"contracts/A.sol": {"A": {"abi": abi(), "evm": {
                "bytecode": {"object": code}, "deployedBytecode": {"object": code, "sourceMap": "49:1:5:-:0;"}},
                "storageLayout": {"storage": [{"label": "x", "slot": "0", "offset": 0, "type": "t"}], "types": null}}}},
            "sources": {"contracts/A.sol": {"id": 5, "ast": {"nodes": [{}]}}}})
    };
    let build = |code: &str| {
        json!({"_format": "hh-sol-build-info-1", "solcVersion": "0.8.30", "id": "abc", "output": output(code),
            "input": {"language": "Solidity", "sources": {"contracts/A.sol": {"content": SOURCE}}}})
    };
    let project = folder(&[
        ("hardhat.config.ts", ""),
        ("artifacts/contracts/A.sol/A.json", &artifact.to_string()),
        ("artifacts/contracts/A.sol/A.dbg.json", "{"),
        ("artifacts/build-info/old.json", &build("6002").to_string()),
        ("artifacts/build-info/new.json", &build(CODE).to_string()),
        ("node_modules/x/package.json", "{"),
    ]);
    let artifacts = read(project.path(), &Limits::default()).unwrap();
    assert_eq!(artifacts.contracts.len(), 1);
    let contract = &artifacts.contracts[0];
    assert_eq!(contract.full_name(), "contracts/A.sol:A");
    assert_eq!(contract.place(0).map(|place| place.line), Some(4));
    assert!(contract.storage_layout.is_some());
    assert_eq!(contract.compiler.as_deref(), Some("0.8.30"));
    // Build information alone, and a bare output.
    assert_eq!(names(&project.path().join("artifacts/build-info/new.json")), ["contracts/A.sol:A"]);
    let alone = folder(&[("out.json", &output(CODE).to_string()), ("contracts/A.sol", SOURCE)]);
    let artifacts = read(&alone.path().join("out.json"), &Limits::default()).unwrap();
    assert_eq!(artifacts.contracts[0].place(0).map(|place| place.line), Some(4), "the text beside it");
}

#[test]
fn truffle_and_waffle_builds_are_read() {
    let truffle = json!({
        "contractName": "A", "abi": abi(), "bytecode": format!("0x{CODE}"), "deployedBytecode": format!("0x{CODE}"),
        "sourceMap": "", "deployedSourceMap": "49:1:3:-:0;", "source": SOURCE, "sourcePath": "/home/x/A.sol",
        "compiler": {"name": "solc", "version": "0.4.24"}, "networks": {}, "schemaVersion": "2.0.1",
        "ast": {"id": 1}, "metadata": "", "updatedAt": "2019"
    });
    let waffle = json!({
        "abi": abi(), "bytecode": CODE,
        "evm": {"bytecode": {"object": CODE, "linkReferences": {}}, "deployedBytecode": {"object": CODE, "linkReferences": {}}},
        "metadata": json!({"compiler": {"version": "0.5.16"},
            "settings": {"compilationTarget": {"contracts/B.sol": "B"}}}).to_string()
    });
    let old = json!({"abi": ABI, "bytecode": format!("0x{CODE}"), "runtimeBytecode": format!("0x{CODE}")});
    let build = folder(&[
        ("build/contracts/A.json", &truffle.to_string()),
        ("build/B.json", &waffle.to_string()),
        ("build/C.json", &old.to_string()),
    ]);
    assert_eq!(names(build.path()), ["C", "/home/x/A.sol:A", "contracts/B.sol:B"]);
    let artifacts = read(build.path(), &Limits::default()).unwrap();
    assert_eq!(artifacts.find("A").unwrap().place(0).map(|place| place.line), Some(4));
    assert_eq!(artifacts.find("A").unwrap().compiler.as_deref(), Some("0.4.24"));
    assert_eq!(artifacts.find("B").unwrap().compiler.as_deref(), Some("0.5.16"));
    assert_eq!(artifacts.find("C").unwrap().runtime.bytes.len(), 6);
}

#[test]
fn outputs_of_the_old_command_line_are_read() {
    let combined = json!({
        "contracts": {"src/A.sol:A": {"abi": ABI, "bin": CODE, "bin-runtime": CODE, "srcmap-runtime": "51:1:0:-:0;", "hashes": {}}},
        "sourceList": ["src/A.sol"], "version": "0.4.26"
    });
    let build = folder(&[("combined.json", &combined.to_string()), ("src/A.sol", SOURCE)]);
    let artifacts = read(&build.path().join("combined.json"), &Limits::default()).unwrap();
    let contract = &artifacts.contracts[0];
    assert_eq!(contract.full_name(), "src/A.sol:A");
    assert_eq!((contract.functions.len(), contract.runtime.bytes.len()), (1, 6));
    assert_eq!(contract.place(0).map(|place| place.line), Some(4));
}

#[test]
fn names_that_several_have_are_told_apart() {
    let artifact = |code: &str, source: &str| {
        json!({"contractName": "A", "sourceName": source, "abi": [], "bytecode": code, "deployedBytecode": code}).to_string()
    };
    let build = folder(&[
        ("1.json", &artifact("0x6001", "src/one/A.sol")),
        ("2.json", &artifact("0x6002", "src/two/A.sol")),
        ("3.json", &artifact("0x", "src/three/A.sol")),
        ("4.json", &artifact("0x6001", "src/one/A.sol")),
    ]);
    let artifacts = read(build.path(), &Limits::default()).unwrap();
    assert_eq!(artifacts.contracts.len(), 3);
    let message = artifacts.find("A").unwrap_err().to_string();
    assert_eq!(message, "several contracts are named `A`: say which, `src/one/A.sol:A` or `src/two/A.sol:A`");
    assert_eq!(artifacts.find("two/A.sol:A").unwrap().creation.bytes, [0x60, 2]);
    assert_eq!(artifacts.find("src/one/A.sol:A").unwrap().creation.bytes, [0x60, 1]);
    assert!(artifacts.find("B").unwrap_err().to_string().contains("there is no contract `B`"));
    assert!(artifacts.find("o/A.sol:A").unwrap_err().to_string().contains("no contract"));
}

#[test]
fn code_alone_shows_its_functions() {
    let build = folder(&[("token.hex", "0x5f3560e01c80631234567814601257\n"), ("bad.bin", "0x60zz")]);
    let artifacts = read(&build.path().join("token.hex"), &Limits::default()).unwrap();
    assert_eq!(artifacts.contracts[0].name, "token");
    assert!(problems(&build.path().join("bad.bin")).contains("what is not hexadecimal at digit 2"));
    assert!(problems(build.path()).contains("what is not hexadecimal"));
    // What our own contracts show without their ABI, as creation and as runtime code.
    for (file, name) in [
        ("small/erc20/Token.json", "Token"),
        ("incidents/build-finance/Fixed.json", "Governance"),
        ("incidents/the-dao/Fixed.json", "Dao"),
    ] {
        let whole = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/contracts")).join(file);
        let whole = read(&whole, &Limits::default()).unwrap();
        let known = whole.find(name).unwrap();
        for code in [&known.creation.bytes, &known.runtime.bytes] {
            let alone = folder(&[("code.hex", &alloy_primitives::hex::encode(code))]);
            let alone = read(&alone.path().join("code.hex"), &Limits::default()).unwrap();
            let alone = &alone.contracts[0];
            assert!(alone.deployable());
            let selectors = |contract: &Contract| {
                let mut all: Vec<_> = contract.functions.iter().map(|callable| callable.selector).collect();
                all.sort();
                all
            };
            assert_eq!(selectors(alone), selectors(known), "{name}");
            for callable in &alone.functions {
                let declared = known.function(callable.selector).unwrap();
                // A standard's function has its types, and every other as many words as its parameters take.
                if callable.function.is_none()
                    && declared.inputs.iter().all(|kind| {
                        !matches!(
                            kind,
                            alloy_dyn_abi::DynSolType::Tuple(_) | alloy_dyn_abi::DynSolType::FixedArray(..)
                        )
                    })
                {
                    assert_eq!(callable.inputs.len(), declared.inputs.len(), "{}", declared.signature());
                }
                assert!(
                    declared.view() || callable.payable() == declared.payable(),
                    "{}",
                    declared.signature()
                );
            }
        }
    }
}

#[test]
fn hostile_files_are_refused_with_all_their_problems() {
    let artifact =
        |abi: Value, code: &str| json!({"abi": abi, "bytecode": code, "deployedBytecode": code}).to_string();
    let function = |kind: &str| json!([{"type": "function", "name": "f", "inputs": [{"name": "x", "type": kind}], "outputs": []}]);
    let many: Vec<Value> = (0..5_000)
        .map(|i| json!({"type": "function", "name": format!("f{i}"), "inputs": [], "outputs": []}))
        .collect();
    let build = folder(&[
        ("a.json", r#"{"abi": [], "bytecode": "0x60"#),
        ("b.json", &artifact(function("uint257"), "0x6001")),
        ("c.json", &artifact(Value::Array(many), "0x6001")),
        ("d.json", &artifact(json!([]), &format!("0x{}", "00".repeat(10 << 20)))),
        ("e.json", &artifact(json!([]), "0x600")),
        ("f.json", &artifact(json!({"type": "wish"}), "0x6001")),
        ("g.json", "\u{0}\u{1}"),
        ("h.json", r#"{"contracts": 7}"#),
        ("i.json", r#"{"name": "no artifact", "contracts": null, "abi": 3}"#),
    ]);
    let message = problems(build.path());
    for expected in [
        "a.json: EOF while parsing",
        "b.json: contract `b`: function `f`: type `uint257` of `x`",
        "c.json: the ABI has more than 4096 entries, the limit",
        "d.json: contract `d`: creation code: 10485760 bytes of code; at most 1048576 are allowed",
        "e.json: contract `e`: creation code: 3 hexadecimal digits, an odd number",
        "f.json: invalid type: map, expected a list of functions",
        "g.json: expected value",
        "h.json: invalid type: integer `7`",
    ] {
        assert!(message.contains(expected), "{expected}\n--\n{message}");
    }
    assert!(!message.contains("i.json"), "{message}");
    let few = Limits { max_problems: 2, ..Limits::default() };
    let Err(Error::Artifacts { problems }) = read(build.path(), &few) else { panic!() };
    assert_eq!(problems.len(), 3);
    assert!(problems[2].starts_with("and ") && problems[2].ends_with(" more problems"), "{problems:?}");
}

#[test]
fn absurd_sizes_end_soon() {
    let start = std::time::Instant::now();
    let deep = format!(r#"{{"abi": {}"#, "[".repeat(1_000_000));
    let wide =
        format!(r#"{{"abi": [{}], "bytecode": "0x"}}"#, vec![r#"{"type":"receive"}"#; 100_000].join(","));
    let nested = format!(
        r#"{{"ast": {}{}, "abi": [], "bytecode": "0x6001"}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let links: Vec<String> = (0..100_000).map(|i| format!(r#"{{"start":{i},"length":20}}"#)).collect();
    let links = format!(
        r#"{{"abi": [], "bytecode": "0x{}", "linkReferences": {{"a": {{"L": [{}]}}}}}}"#,
        "00".repeat(200_000),
        links.join(",")
    );
    let map = format!(
        r#"{{"abi": [], "bytecode": {{"object": "0x60"}}, "deployedBytecode": {{"object": "0x60", "sourceMap": "{}"}}}}"#,
        "1:2:3:-:0;".repeat(1_000_000)
    );
    let build = folder(&[("deep.json", &deep), ("wide.json", &wide), ("links.json", &links)]);
    let message = problems(build.path());
    for expected in [
        "deep.json: recursion limit",
        "wide.json: the ABI has more than",
        "links.json: contract `links`: creation code: more than 4096 link references",
    ] {
        assert!(message.contains(expected), "{expected}\n--\n{}", &message[..message.len().min(2_000)]);
    }
    let build = folder(&[("nested.json", &nested), ("map.json", &map)]);
    assert_eq!(names(build.path()), ["map", "nested"]);
    assert!(start.elapsed().as_secs() < 20);
}

/// A thousand broken copies of each shape: refused or read, never a panic.
#[test]
fn broken_copies_do_no_harm() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/contracts"));
    let output = fs::read(folder.join("small/chain/Vulnerable.json")).unwrap();
    let artifact = json!({
        "abi": abi(), "bytecode": {"object": format!("0x{CODE}__$0123456789012345678901234567890123$__"), "linkReferences":
            {"a.sol": {"L": [{"start": 6, "length": 20}]}}},
        "deployedBytecode": {"object": format!("0x{CODE}"), "sourceMap": "49:1:0:-:0;1:2:3:i:4;;", "immutableReferences":
            {"7": [{"start": 1, "length": 1}]}},
        "storageLayout": {"storage": [{"label": "x", "slot": "0", "offset": 0, "type": "t"}],
            "types": {"t": {"label": "u", "encoding": "inplace", "numberOfBytes": "32"}}}
    });
    let mut draws = 0x9e37_79b9_u64;
    let mut draw = move |below: usize| {
        draws = draws.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (draws >> 33) as usize % below.max(1)
    };
    let (mut fine, mut refused) = (0, 0);
    for original in [output, artifact.to_string().into_bytes()] {
        for _ in 0..500 {
            let mut copy = original.clone();
            for _ in 0..=draw(4) {
                let at = draw(copy.len());
                match draw(4) {
                    0 => copy[at] = draw(256) as u8,
                    1 => copy.truncate(at),
                    2 => copy.splice(at..at, *b"99999999999999999999").for_each(drop),
                    _ => {
                        let end = (at + draw(200)).min(copy.len());
                        copy.drain(at..end).for_each(drop);
                    }
                }
            }
            let text = String::from_utf8_lossy(&copy).into_owned();
            match standard(&text) {
                Ok(artifacts) => {
                    fine += 1;
                    for contract in &artifacts.contracts {
                        let _: usize = contract.lines().len() + selectors(&contract.runtime.bytes).len();
                        contract.creation.linked(|_| None).ok();
                    }
                }
                Err(error) => {
                    refused += 1;
                    assert!(!error.to_string().is_empty());
                }
            }
        }
    }
    assert!(fine > 0 && refused > 100, "{fine} read, {refused} refused");
}

fn standard(text: &str) -> crate::Result<Artifacts> {
    super::read::standard_json(
        text.as_bytes(),
        "copy.json",
        &std::collections::BTreeMap::new(),
        &Limits::default(),
    )
}

#[cfg(unix)]
#[test]
fn links_out_of_the_folder_are_not_followed() {
    use std::os::unix::fs::symlink;
    let artifact = json!({"abi": [], "bytecode": "0x6001", "deployedBytecode": "0x6001"}).to_string();
    let outside = folder(&[("secret.json", &artifact)]);
    let build = folder(&[("a/A.json", &artifact)]);
    symlink(build.path(), build.path().join("a/back")).unwrap();
    symlink(build.path().join("a/A.json"), build.path().join("B.json")).unwrap();
    symlink("nowhere", build.path().join("C.json")).unwrap();
    assert_eq!(names(build.path()), ["A", "B"]);
    symlink(outside.path().join("secret.json"), build.path().join("S.json")).unwrap();
    symlink(outside.path(), build.path().join("more")).unwrap();
    let message = problems(build.path());
    assert_eq!(message.lines().count(), 2, "{message}");
    assert!(message.contains("is a link out of the folder; it is not followed"));
    // The texts of sources are looked for within the project only.
    let output = json!({"contracts": {"../x.sol": {"A": {"abi": [], "evm": {"bytecode": {"object": "6001"},
        "deployedBytecode": {"object": "6001", "sourceMap": "0:1:0:-:0"}}}}}, "sources": {"../x.sol": {"id": 0}}});
    let parent = folder(&[("x.sol", "secret"), ("p/out.json", &output.to_string())]);
    let artifacts = read(&parent.path().join("p/out.json"), &Limits::default()).unwrap();
    assert_eq!(artifacts.contracts[0].snippet(0), None);
}

#[test]
fn what_is_no_build_says_so() {
    let empty = folder(&[("readme.md", "")]);
    assert!(
        problems(empty.path())
            .contains("holds no compiled contract; give the folder of a Foundry or Hardhat")
    );
    assert!(problems(&empty.path().join("absent.json")).contains("cannot read"));
    let errors = json!({"errors": [{"severity": "error", "formattedMessage": "ParserError: x", "message": ""},
        {"severity": "warning", "message": "y"}], "contracts": {}, "sources": {}});
    let failed = folder(&[("out.json", &errors.to_string())]);
    assert!(problems(failed.path()).contains("out.json: ParserError: x"));
}

#[test]
fn files_that_are_no_build_say_so_once() {
    let files = folder(&[
        ("README.md", "\n# A DAO\n\nIt votes.\n"),
        ("empty.json", ""),
        ("blank.hex", " \n"),
        ("cut.json", r#"{"abi": [], "bytecode": "0x60"#),
        ("package.json", r#"{"name": "dao"}"#),
        ("prefix.hex", "0x"),
        ("half.hex", "0x60016"),
        ("words.bin", "abc, or so"),
    ]);
    for (file, told, fix) in [
        ("README.md", "is neither JSON nor hexadecimal code: `#` in line 2, column 1; ", "`forge build`"),
        ("empty.json", "is empty; ", "`forge build`"),
        ("blank.hex", "is empty; ", "`forge build`"),
        (
            "cut.json",
            "EOF while parsing a string at line 1 column 29: the file is cut off; ",
            "build the project again",
        ),
        ("package.json", "holds no compiled contract; ", "`npx hardhat compile`"),
        ("prefix.hex", "holds no code; ", "hexadecimal code"),
        ("half.hex", "5 hexadecimal digits, an odd number; ", "write the file anew"),
        ("words.bin", "is neither JSON nor hexadecimal code: `,` in line 1, column 4; ", "`.sol`"),
    ] {
        let message = problems(&files.path().join(file));
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(message.contains(file) && message.contains(told) && message.contains(fix), "{message}");
    }
    daotwin_core::files::atomic_write(&files.path().join("picture.png"), &[0x89, 0x50, 0xff, 0xfe]).unwrap();
    assert!(problems(&files.path().join("picture.png")).contains("it is no text; give the folder"));
}

/// npm's compiler, where some folder above the tests has it.
fn compiler() -> Option<Solc> {
    let package = std::env::var_os("DAOTWIN_SOLC_PACKAGE").map(PathBuf::from);
    let package = package.filter(|path| path.is_dir())?;
    Some(Solc { package: package.display().to_string(), ..Solc::default() })
}

#[test]
fn sources_are_compiled() {
    let project = folder(&[
        ("remappings.txt", "@lib/=vendor/\n"),
        (
            "vendor/Base.sol",
            "// SPDX-License-Identifier: MIT\npragma solidity ^0.8.0;\nlibrary Big { function f(uint256 x) external pure returns (uint256) { return x + 1; } }",
        ),
        (
            "src/A.sol",
            "// SPDX-License-Identifier: MIT\npragma solidity ^0.8.0;\nimport '@lib/Base.sol';\ncontract A {\n  uint256 immutable k;\n  uint256 x;\n  constructor(uint256 y) { k = y; }\n  function f() external view returns (uint256) { return Big.f(x + k); }\n}",
        ),
        ("src/Bad.sol", "contract {"),
    ]);
    let Some(solc) = compiler() else {
        println!("skipped: `DAOTWIN_SOLC_PACKAGE` names no folder of npm's package `solc`");
        return;
    };
    let found =
        compile(project.path(), &[project.path().join("src/A.sol")], &solc, &Limits::default()).unwrap();
    let names: Vec<String> = found.contracts.iter().map(|contract| contract.full_name()).collect();
    assert_eq!(names, ["src/A.sol:A", "vendor/Base.sol:Big"]);
    let contract = &found.contracts[0];
    assert_eq!(contract.creation.links[0].library, "vendor/Base.sol:Big");
    assert_eq!(contract.runtime.immutables.len(), 1);
    assert!(contract.lines().iter().any(|(_, place)| place.file == "src/A.sol" && place.line == 8));
    assert!(contract.storage_layout.is_some());
    assert_eq!(selectors(&contract.runtime.bytes).len(), 1);
    let failed = compile(project.path(), &[project.path().join("src/Bad.sol")], &solc, &Limits::default());
    let message = failed.unwrap_err().to_string();
    assert!(
        message.contains("src/Bad.sol does not compile:") && message.contains("Expected identifier"),
        "{message}"
    );
    let elsewhere = tempfile::tempdir().unwrap();
    let outside = compile(elsewhere.path(), &[project.path().join("src/A.sol")], &solc, &Limits::default());
    assert!(outside.unwrap_err().to_string().contains("outside of its project"));
    let missing = Solc { program: Some(PathBuf::from("/nowhere/solc")), ..solc };
    let absent = compile(project.path(), &[project.path().join("src/A.sol")], &missing, &Limits::default());
    assert!(absent.unwrap_err().to_string().contains("cannot start `/nowhere/solc`"));
}
