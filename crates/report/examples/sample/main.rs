//! Renders a made-up report with every kind of block: `cargo run --release -p daotwin-report --example sample -- DIR`
//! writes `report.html`, `report.md` and `report.json` there.

mod document;

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("name the folder to write to")?);
    let document = document::sample();
    for (name, content) in [
        ("report.html", daotwin_report::render_html(&document)),
        ("report.md", daotwin_report::render_markdown(&document)),
        ("report.json", daotwin_report::render_json(&document)?),
    ] {
        std::fs::create_dir_all(&folder)?;
        daotwin_core::files::atomic_write(&folder.join(name), content.as_bytes())?;
    }
    Ok(())
}
