//! The three renderings of whole documents.

#[path = "../examples/sample/document.rs"]
mod document;

use daotwin_core::document::{
    Axis, Block, Chart, Document, Frame, Highlight, Mark, Outcome, Player, Plot, Role, Scale, Score, Section,
    Series, Table, Verdict,
};
use daotwin_report::{MAXIMUM_BYTES, parse_json, render_html, render_json, render_markdown};

fn xy(id: &str, scale: Scale, mark: Mark, points: Vec<(f64, f64)>, upper: Vec<f64>) -> Block {
    let axis = |label: &str| Axis { label: label.to_owned(), scale };
    let series = Series { name: "real".to_owned(), role: Role::Real, mark, points, upper };
    Block::Chart(Chart {
        id: id.to_owned(),
        title: id.to_owned(),
        description: "A picture.".to_owned(),
        plot: Plot::Xy { x: axis("x"), y: axis("y"), series: vec![series] },
    })
}

fn with(blocks: Vec<Block>) -> Document {
    let section = Section { id: "only".to_owned(), title: "Only section".to_owned(), blocks };
    Document { title: "Test".to_owned(), sections: vec![section], ..Document::default() }
}

/// Every kind of block once, as small as it can be.
fn small() -> Document {
    let score = Score {
        id: "fidelity.votes_per_member.ks".to_owned(),
        label: "Votes per member, KS".to_owned(),
        value: 0.021,
        interval: Some((0.0168, 0.0252)),
        references: vec![("bootstrap floor".to_owned(), 0.034)],
        bar: Some(0.05),
        outcome: Outcome::Good,
        meaning: "Members vote as often as in the real DAO.".to_owned(),
    };
    let heatmaps = Plot::Heatmaps {
        rows: vec!["a".to_owned(), "b".to_owned()],
        columns: Vec::new(),
        maps: vec![
            ("real".to_owned(), vec![1.0, 0.25, 0.25, 1.0]),
            ("difference".to_owned(), vec![0.0, -0.5, f64::NAN, 0.0]),
        ],
        range: (-1.0, 1.0),
    };
    let bars = Plot::Bars {
        categories: vec!["one".to_owned(), "two".to_owned()],
        y: Axis { label: "share".to_owned(), scale: Scale::Linear },
        series: vec![("real".to_owned(), vec![0.5, 1.0]), ("synthetic".to_owned(), vec![0.4, 0.9])],
    };
    let chart = |id: &str, plot| {
        Block::Chart(Chart {
            id: id.to_owned(),
            title: format!("The {id}"),
            description: "A picture.".to_owned(),
            plot,
        })
    };
    Document {
        title: "Small DAO".to_owned(),
        verdict: Verdict { outcome: Outcome::Good, text: "Every fact holds.".to_owned() },
        highlights: vec![Highlight {
            label: "Is it private?".to_owned(),
            figure: "ε = 3".to_owned(),
            outcome: Outcome::Good,
            text: "Member-level.".to_owned(),
        }],
        warnings: vec!["An evaluation on real data is not private.".to_owned()],
        manifest: vec![("seed".to_owned(), "7".to_owned())],
        sections: vec![Section {
            id: "fidelity".to_owned(),
            title: "Fidelity".to_owned(),
            blocks: vec![
                Block::Text { text: "First paragraph.\n\nSecond paragraph.".to_owned() },
                Block::Scores { scores: vec![score] },
                xy("line", Scale::Linear, Mark::Line, vec![(0.0, 0.0), (1.0, 3.0), (2.0, 2.0)], Vec::new()),
                xy("band", Scale::Log, Mark::Band, vec![(1.0, 1.0), (100.0, 10.0)], vec![5.0, 100.0]),
                chart("bars", bars),
                chart("maps", heatmaps),
                Block::Table(Table {
                    caption: "A table".to_owned(),
                    columns: vec!["DAO".to_owned(), "members".to_owned()],
                    rows: vec![vec!["Aave".to_owned(), "1 204".to_owned()]],
                }),
            ],
        }],
    }
}

#[test]
fn small_document_renders_as_recorded() {
    insta::with_settings!({ filters => vec![(r"(?s)<style>.*?</style>", "<style>…</style>")] }, {
        insta::assert_snapshot!("small.html", render_html(&small()));
    });
    insta::assert_snapshot!("small.md", render_markdown(&small()));
    insta::assert_snapshot!("small.json", render_json(&small()).unwrap());
}

#[test]
fn json_reads_back_to_the_same_document() {
    let document = document::sample();
    let json = render_json(&document).unwrap();
    let read = parse_json(&json).unwrap();
    // NaN differs from itself, so a document with missing values is compared by its JSON.
    assert_eq!(render_json(&read).unwrap(), json);
    let Block::Chart(Chart { plot: Plot::Heatmaps { maps, .. }, .. }) = &read.sections[1].blocks[0] else {
        panic!("the sample's second section begins with heatmaps")
    };
    assert_eq!(maps[2].1.iter().filter(|value| value.is_nan()).count(), 1);
    let mut whole = small();
    if let Block::Chart(Chart { plot: Plot::Heatmaps { maps, .. }, .. }) = &mut whole.sections[0].blocks[5] {
        maps[1].1[2] = 1e300;
    }
    assert_eq!(parse_json(&render_json(&whole).unwrap()).unwrap(), whole);
}

#[test]
fn json_of_another_schema_is_refused() {
    let json = render_json(&small()).unwrap();
    for (other, expected) in [
        (json.replacen("\"schema\": 1", "\"schema\": 2", 1), "schema `2`"),
        (json.replacen("\"schema\": 1,", "", 1), "schema `missing`"),
        ("[]".to_owned(), "schema `missing`"),
        ("{".to_owned(), "not the JSON of a report"),
    ] {
        let message = parse_json(&other).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let (first, second) = (document::sample(), document::sample());
    assert_eq!(render_html(&first), render_html(&second));
    assert_eq!(render_markdown(&first), render_markdown(&second));
    assert_eq!(render_json(&first).unwrap(), render_json(&second).unwrap());
}

const HOSTILE: &str = "<script>alert(1)</script>\"><img src=x onerror=alert(1)>' onload='x' \u{202e}evil\u{202c}\u{0}\u{1b}[31m \
                       [link](javascript:alert(1)) ![i](http://e.example/x) | `code` <!-- {{ x }} </style></title>";

/// A document whose every text is hostile.
fn hostile() -> Document {
    let text = || HOSTILE.to_owned();
    let axis = |scale| Axis { label: text(), scale };
    let chart = |plot| Block::Chart(Chart { id: text(), title: text(), description: text(), plot });
    let series = |mark| Series {
        name: text(),
        role: Role::Other(250),
        mark,
        points: vec![(1.0, 1.0), (2.0, 2.0)],
        upper: vec![3.0, 4.0],
    };
    let blocks = vec![
        Block::Text { text: text() },
        Block::Scores {
            scores: vec![Score {
                id: text(),
                label: text(),
                value: 1.0,
                references: vec![(text(), 2.0)],
                meaning: text(),
                ..Score::default()
            }],
        },
        Block::Table(Table {
            caption: text(),
            columns: vec![text()],
            rows: vec![vec![text(), text()], vec![]],
        }),
        chart(Plot::Xy {
            x: axis(Scale::Time),
            y: axis(Scale::Log),
            series: [Mark::Line, Mark::Step, Mark::Dots, Mark::Band].map(series).to_vec(),
        }),
        chart(Plot::Bars {
            categories: vec![text(), text()],
            y: axis(Scale::Linear),
            series: vec![(text(), vec![1.0])],
        }),
        chart(Plot::Heatmaps {
            rows: vec![text()],
            columns: vec![text()],
            maps: vec![(text(), vec![1.0])],
            range: (0.0, 1.0),
        }),
        Block::Player(Player {
            id: text(),
            title: text(),
            frames: vec![
                Frame {
                    label: text(),
                    title: text(),
                    lines: vec![text(), text()],
                    table: Table { caption: text(), columns: vec![text()], rows: vec![vec![text()]] },
                };
                2
            ],
        }),
    ];
    let section = || Section { id: text(), title: text(), blocks: blocks.clone() };
    Document {
        title: text(),
        verdict: Verdict { outcome: Outcome::Bad, text: text() },
        highlights: vec![Highlight {
            label: text(),
            figure: text(),
            outcome: Outcome::Neutral,
            text: text(),
        }],
        warnings: vec![text()],
        manifest: vec![(text(), text())],
        sections: vec![section(), section()],
    }
}

/// The names of all elements and attributes of a page whose text contains no raw `<` and whose attributes are
/// all quoted.
fn markup(page: &str) -> (Vec<String>, Vec<String>) {
    let (mut elements, mut attributes) = (Vec::new(), Vec::new());
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let end = rest.find(['>', ' ', '\n']).unwrap_or(rest.len());
        elements.push(rest[..end].trim_start_matches('/').trim_end_matches('/').to_owned());
        rest = &rest[end..];
        while !rest.is_empty() && !rest.starts_with('>') {
            rest = rest.trim_start_matches([' ', '\n', '/']);
            if rest.starts_with('>') {
                break;
            }
            let end = rest.find(['=', '>', ' ']).unwrap_or(rest.len());
            attributes.push(rest[..end].to_owned());
            rest = &rest[end..];
            if let Some(value) = rest.strip_prefix("=\"") {
                rest = value.split_once('"').map_or("", |(_, after)| after);
            } else {
                rest = rest.trim_start_matches('=');
            }
        }
        rest = rest.strip_prefix('>').unwrap_or("");
    }
    (elements, attributes)
}

#[test]
fn hostile_text_stays_text_in_html() {
    let page = render_html(&hostile());
    assert!(
        page.contains("&lt;script&gt;") || page.contains("&#60;script&#62;"),
        "the text is shown, escaped"
    );
    let style = page.find("<style>").unwrap()..page.find("</style>").unwrap();
    assert!(!page[style.end + 1..].contains("</style"), "no text can end the style sheet");
    let body = format!("{}{}", &page[..style.start], &page[style.end..]);
    let (elements, attributes) = markup(&body);
    for name in &elements {
        assert!(
            !["script", "img", "image", "iframe", "object", "link", "base", "foreignObject", "use"]
                .contains(&name.as_str()),
            "{name}"
        );
    }
    for name in &attributes {
        let known = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
        assert!(known && !name.starts_with("on") && name != "src" && name != "style", "{name}");
    }
    for character in ['\u{202e}', '\u{202c}', '\u{0}', '\u{1b}'] {
        assert!(!page.contains(character), "{character:?}");
    }
    assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:"));
}

#[test]
fn markup_check_sees_what_it_should_refuse() {
    let (elements, attributes) = markup("<p class=\"a\"><script>x</script><b onload=\"y\" id=\"z\"/></p>");
    assert!(elements.contains(&"script".to_owned()));
    assert_eq!(attributes, ["class", "onload", "id"]);
}

#[test]
fn link_targets_are_unique_and_every_link_has_one() {
    let page = render_html(&hostile());
    let values = |name: &str| -> Vec<String> {
        page.match_indices(&format!(" {name}=\""))
            .map(|(at, found)| page[at + found.len()..].split('"').next().unwrap().to_owned())
            .collect()
    };
    let ids = values("id");
    let unique: std::collections::BTreeSet<&String> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
    for target in values("href") {
        assert!(ids.iter().any(|id| Some(id.as_str()) == target.strip_prefix('#')), "{target}");
    }
    // Each moment of a player has its stop, and steps to the one before and the one after.
    let stops = values("for");
    assert_eq!(stops.len(), 2 * (2 + 2), "{stops:?}");
    assert!(stops.iter().all(|stop| ids.contains(stop)), "{stops:?}");
    assert_eq!(page.matches(" checked>").count(), 2, "one moment of each player is shown");
    for names in values("aria-labelledby") {
        assert!(names.split(' ').all(|name| ids.iter().any(|id| id == name)), "{names}");
    }
}

#[test]
fn hostile_text_stays_text_in_markdown() {
    let page = render_markdown(&hostile());
    for raw in ["<script", "<img", "](javascript", "](http", "http://", "\u{202e}", "\u{1b}"] {
        let found = page
            .match_indices(raw)
            .any(|(at, _)| !page[..at].ends_with('\\') && raw != "](javascript" && raw != "](http");
        let bracket =
            raw.starts_with(']') && page.match_indices(raw).any(|(at, _)| !page[..at].ends_with('\\'));
        assert!(!found && !bracket, "{raw:?}");
    }
    // A cell that could split its row would change the number of bars.
    for block in page.split("\n\n").filter(|block| block.starts_with('|')) {
        let bars = |line: &str| line.replace("\\|", "").matches('|').count();
        let widths: Vec<usize> = block.lines().map(bars).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{block}");
    }
}

#[test]
fn pages_refer_to_nothing_outside() {
    for document in [document::sample(), small(), hostile()] {
        let page = render_html(&document);
        let own = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        for reference in ["src=", "srcset=", "href=\"h", "href=\"/", "@import", "url(", "<link", "<script"] {
            let escaped_text = reference == "src=" && document.title == HOSTILE;
            assert!(escaped_text || !own.contains(reference), "{reference}");
        }
        if document.title != HOSTILE {
            assert!(!own.contains("http://") && !own.contains("https://"));
        }
    }
}

#[test]
fn numbers_that_are_not_finite_never_reach_the_picture() {
    let hostile =
        [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, -1.0, 1.0, f64::MAX, f64::MIN, 5e-324];
    let mut blocks = Vec::new();
    for scale in [Scale::Linear, Scale::Log, Scale::Time] {
        for mark in [Mark::Line, Mark::Step, Mark::Dots, Mark::Band] {
            let pairs: Vec<(f64, f64)> =
                hostile.iter().flat_map(|x| hostile.iter().map(move |y| (*x, *y))).collect();
            let upper = pairs.iter().map(|pair| pair.0).collect();
            blocks.push(xy("all", scale, mark, pairs, upper));
            blocks.push(xy("empty", scale, mark, Vec::new(), Vec::new()));
            blocks.push(xy("missing", scale, mark, vec![(f64::NAN, f64::NAN)], vec![f64::NAN]));
            blocks.push(xy("one", scale, mark, vec![(1.0, 1.0)], vec![2.0]));
            blocks.push(xy("short", scale, mark, vec![(1.0, 1.0), (2.0, 2.0)], Vec::new()));
        }
        let y = Axis { label: String::new(), scale };
        for values in [hostile.to_vec(), vec![f64::NAN], vec![], vec![0.0], vec![f64::MAX, f64::MIN]] {
            let plot = Plot::Bars {
                categories: (0..10).map(|index| format!("category {index}")).collect(),
                y: y.clone(),
                series: vec![("real".to_owned(), values.clone()), (String::new(), Vec::new())],
            };
            blocks.push(Block::Chart(Chart {
                id: String::new(),
                title: String::new(),
                description: String::new(),
                plot,
            }));
            for range in
                [(0.0, 1.0), (f64::NAN, 0.0), (f64::NEG_INFINITY, f64::INFINITY), (1.0, -1.0), (0.0, 0.0)]
            {
                let plot = Plot::Heatmaps {
                    rows: vec!["a".to_owned(); 5],
                    columns: vec!["b".to_owned(); 2],
                    maps: vec![(String::new(), values.clone())],
                    range,
                };
                blocks.push(Block::Chart(Chart {
                    id: String::new(),
                    title: String::new(),
                    description: String::new(),
                    plot,
                }));
            }
        }
    }
    blocks.push(Block::Chart(Chart {
        id: String::new(),
        title: String::new(),
        description: String::new(),
        plot: Plot::Heatmaps { rows: vec![], columns: vec![], maps: vec![], range: (0.0, 1.0) },
    }));
    for value in hostile {
        let references = hostile.iter().map(|value| ("reference".to_owned(), *value)).collect();
        let score = Score {
            value,
            interval: Some((value, f64::NAN)),
            references,
            bar: Some(value),
            ..Score::default()
        };
        blocks.push(Block::Scores {
            scores: vec![score.clone(), Score { outcome: Outcome::Good, references: vec![], ..score }],
        });
    }
    let page = render_html(&with(blocks));
    for noise in ["NaN", "inf", "-0\"", "e-", "e+"] {
        for attribute in
            ["d=\"", "x=\"", "y=\"", "cx=\"", "width=\"", "height=\"", "transform=\"", "viewBox=\""]
        {
            for (at, _) in page.match_indices(&format!(" {attribute}")) {
                let value = page[at + attribute.len() + 1..].split('"').next().unwrap();
                assert!(
                    !value.contains(noise.trim_end_matches('"'))
                        || (noise == "inf" && value.contains("width=device")),
                    "{attribute}{value}"
                );
            }
        }
    }
    assert!(!page.contains("NaN"));
}

#[test]
fn an_empty_document_still_says_what_it_is() {
    let page = render_html(&Document::default());
    assert!(page.contains("<h1>Report</h1>"));
    assert_eq!(parse_json(&render_json(&Document::default()).unwrap()).unwrap(), Document::default());
    assert!(render_markdown(&Document::default()).starts_with("# \n"));
}

#[test]
fn peaks_survive_thinning_and_the_page_says_so() {
    let mut points: Vec<(f64, f64)> =
        (0..200_000).map(|index| (f64::from(index), f64::from(index % 97))).collect();
    points[123_456].1 = 1000.0;
    let page = render_html(&with(vec![xy("long", Scale::Linear, Mark::Line, points, Vec::new())]));
    assert!(page.len() < 200_000, "{}", page.len());
    assert!(page.contains("of 200\u{202f}000 points of real, every peak among them"), "the note is there");
    // The peak is the top of the vertical axis; 23 below the legend's 22 + 4, and 5 for air, is its edge.
    let path = page.split("class=\"l k0\" d=\"").last().unwrap().split('"').next().unwrap();
    let highest = path
        .split(['M', 'L'])
        .filter_map(|point| point.split_once(' ')?.1.parse::<f64>().ok())
        .fold(f64::INFINITY, f64::min);
    let lowest = path
        .split(['M', 'L'])
        .filter_map(|point| point.split_once(' ')?.1.parse::<f64>().ok())
        .fold(0.0, f64::max);
    assert!(lowest - highest > 210.0, "{highest} {lowest}");
}

/// Far more than a report should hold: 96 charts of four series of 6,000 points, 16 triples of 150 × 150 maps,
/// long tables and lists of scores.
fn large() -> Document {
    let series = |shift: f64| Series {
        name: format!("series {shift}"),
        role: Role::Real,
        mark: Mark::Line,
        points: (0..6_000).map(f64::from).map(|x| (x, (x * 12.9898 + shift).sin() * (1.0 + x))).collect(),
        upper: Vec::new(),
    };
    let chart = |plot| {
        Block::Chart(Chart {
            id: "c".to_owned(),
            title: "Chart".to_owned(),
            description: "Words.".to_owned(),
            plot,
        })
    };
    let lines = chart(Plot::Xy {
        x: Axis::default(),
        y: Axis::default(),
        series: (0..4).map(|index| series(f64::from(index))).collect(),
    });
    let map = |shift: f64| {
        (format!("map {shift}"), (0..22_500).map(|index| (f64::from(index) * 78.233 + shift).sin()).collect())
    };
    let maps = chart(Plot::Heatmaps {
        rows: (0..150).map(|index| format!("member {index}")).collect(),
        columns: Vec::new(),
        maps: vec![map(0.0), map(1.0), map(2.0)],
        range: (-1.0, 1.0),
    });
    let table = Block::Table(Table {
        caption: "Rows".to_owned(),
        columns: vec!["a".to_owned(); 8],
        rows: vec![vec!["12 345".to_owned(); 8]; 20_000],
    });
    let scores = Block::Scores {
        scores: vec![
            Score {
                label: "Score".to_owned(),
                references: vec![("r".to_owned(), 2.0)],
                value: 1.0,
                ..Score::default()
            };
            500
        ],
    };
    let section = |index: usize| Section {
        id: format!("dao-{index}"),
        title: format!("DAO {index}"),
        blocks: std::iter::repeat_n(lines.clone(), 6)
            .chain([maps.clone(), table.clone(), scores.clone()])
            .collect(),
    };
    Document { title: "Large".to_owned(), sections: (0..16).map(section).collect(), ..Document::default() }
}

#[test]
fn large_documents_stay_under_three_megabytes() {
    let page = render_html(&large());
    assert!(page.len() <= MAXIMUM_BYTES, "{}", page.len());
    assert!(page.len() > MAXIMUM_BYTES / 20, "detail is not thrown away without need: {}", page.len());
    assert_eq!(page.matches("<section class=\"chapter\"").count(), 16, "every section is there");
    assert!(page.contains("; the JSON report has all."));
}

#[test]
fn where_nothing_else_helps_sections_are_left_out_and_counted() {
    let block = Block::Text { text: "Many words. ".repeat(100) };
    let section = |index: usize| Section {
        id: format!("s{index}"),
        title: format!("Section {index}"),
        blocks: vec![block.clone(); 10],
    };
    let document = Document { sections: (0..800).map(section).collect(), ..Document::default() };
    let page = render_html(&document);
    assert!(page.len() <= MAXIMUM_BYTES, "{}", page.len());
    let shown = page.matches("<section class=\"chapter\"").count();
    assert!(
        shown > 100 && page.contains(&format!("{} of the report's sections are left out here", 800 - shown))
    );
}

#[test]
fn sample_report_has_its_parts() {
    let page = render_html(&document::sample());
    for part in [
        "Verdict: not good",
        "Before you use these figures",
        "aria-label=\"Contents\"",
        "4 of 5 within bar",
        "prefers-color-scheme: dark",
        "@media print",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert_eq!(
        page.matches("<figure").count(),
        page.matches("<details>").count(),
        "every picture has its table"
    );
    assert!(page.len() < 500_000, "{}", page.len());
}
