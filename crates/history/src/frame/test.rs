use std::io::Write as _;

use daotwin_core::Run;

use super::*;

const TABLE: &str = "name,age,score,seen,day,ok,note\n\
    a,31,1.50,2024-05-31T12:00:00Z,2024-01-02,true,\"x, \"\"y\"\"\"\n\
    b,,2.25,2024-05-31T12:00:01Z,2024-01-03,false,z\n\
    a,-7,,,2024-01-04,,\n";

fn frame(text: &str, declaration: &Declaration) -> Result<(Frame, Vec<LeftOut>)> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    read(file.path(), declaration, &Run::default())
}

fn declare(text: &str) -> Declaration {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    Declaration::read(file.path(), &daotwin_core::Limits::default()).unwrap()
}

#[test]
fn kinds_are_told_from_the_cells() {
    let (frame, left_out) = frame(TABLE, &Declaration::default()).unwrap();
    assert_eq!(left_out, []);
    let column = |name: &str| &frame.columns()[frame.index(name).unwrap()];
    assert_eq!(column("age").kind, Kind::Integer);
    assert_eq!(column("age").bounds, (-7.0, 31.0));
    assert!(column("age").optional && !column("name").optional);
    assert_eq!(column("score").kind, Kind::Numeric { decimals: Some(2) });
    assert_eq!(column("seen").kind, Kind::Datetime { day: false });
    assert_eq!(column("day").kind, Kind::Datetime { day: true });
    assert_eq!(column("ok").kind, Kind::Boolean { labels: ["false".to_owned(), "true".to_owned()] });
    assert_eq!(column("name").kind, Kind::Categorical { labels: vec!["a".to_owned(), "b".to_owned()] });
    assert_eq!(frame.values(0).codes(), [0, 1, 0]);
    assert_eq!(frame.values(frame.index("ok").unwrap()).codes(), [1, 0, MISSING]);
    assert!(frame.values(1).numbers()[1].is_nan());
}

#[test]
fn what_is_written_reads_back_equal() {
    let (frame, _) = frame(TABLE, &Declaration::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for name in ["t.csv", "t.parquet"] {
        let path = folder.path().join(name);
        write(&path, &frame, &Run::default()).unwrap();
        let (again, _) = read(&path, &Declaration::default(), &Run::default()).unwrap();
        assert_eq!(again, frame, "{name}");
    }
}

#[test]
fn identifiers_and_empty_columns_are_left_out() {
    let rows: String = (0..300).map(|row| format!("id-{row},,{}\n", row % 7)).collect();
    let (frame, left_out) = frame(&format!("id,nothing,n\n{rows}"), &Declaration::default()).unwrap();
    let names: Vec<&str> = left_out.iter().map(|left| left.column.as_str()).collect();
    assert_eq!(names, ["id", "nothing"]);
    assert_eq!(frame.columns().len(), 1);
}

#[test]
fn a_late_text_makes_a_column_of_numbers_one_of_labels() {
    let (frame, _) = frame("a\n1\n2\nx\n1\n", &Declaration::default()).unwrap();
    assert_eq!(frame.columns()[0].kind.labels().unwrap(), ["1", "2", "x"]);
    assert_eq!(frame.values(0).codes(), [0, 1, 2, 0]);
}

#[test]
fn a_text_after_many_numbers_loses_none_of_them() {
    let rows: String = (0..1_000).map(|row| format!("{}\n", row % 500)).collect();
    let (frame, _) = frame(&format!("a\n{rows}x\n"), &Declaration::default()).unwrap();
    assert_eq!(frame.columns()[0].kind.labels().unwrap().len(), 501);
    assert!(!frame.columns()[0].optional);
}

#[test]
fn declared_columns_refuse_what_lies_outside() {
    let declaration = declare(
        "[columns.age]\nkind = \"integer\"\nminimum = 0\nmaximum = 99\noptional = true\n\
         [columns.name]\nkind = \"categorical\"\nlabels = [\"b\"]\n[columns.gone]\nkind = \"leave-out\"\n",
    );
    let Err(Error::Problems { problems }) = frame(TABLE, &declaration) else { panic!("accepted") };
    assert!(problems.len() == 1 && problems[0].contains("`gone`"), "{problems:?}");
    let declaration = Declaration {
        columns: declaration.columns.into_iter().filter(|(name, _)| name != "gone").collect(),
        ..Declaration::default()
    };
    let Err(Error::Problems { problems }) = frame(TABLE, &declaration) else { panic!("accepted") };
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains("`name`: 2 cells") && problems[1].contains("row 3"), "{problems:?}");
}

#[test]
fn only_declared_columns_count_as_declared() {
    let declaration = declare(
        "[columns.age]\nkind = \"integer\"\nminimum = -9\nmaximum = 99\noptional = true\n\
         [columns.note]\nkind = \"leave-out\"\n",
    );
    let (frame, _) = frame(TABLE, &declaration).unwrap();
    let age = frame.index("age").unwrap();
    let declared: Vec<usize> = (0..frame.columns().len()).filter(|&place| frame.is_declared(place)).collect();
    assert_eq!(declared, [age]);
    assert!(frame.take(&[1]).is_declared(age));
}

#[test]
fn a_frame_refuses_values_that_do_not_fit() {
    let column = Column { name: "a".to_owned(), kind: Kind::Integer, optional: false, bounds: (0.0, 1.0) };
    assert!(Frame::new(vec![column.clone()], vec![Values::Code(vec![0])]).is_err());
    assert!(Frame::new(vec![column.clone()], vec![Values::Number(vec![f64::INFINITY])]).is_err());
    assert!(Frame::new(vec![column], vec![]).is_err());
}

#[test]
fn conform_looks_labels_up_anew() {
    let (left, _) = frame("a\nx\ny\n", &Declaration::default()).unwrap();
    let (right, _) = frame("a\ny\n", &Declaration::default()).unwrap();
    let conformed = right.conform(left.columns()).unwrap();
    assert_eq!(conformed.values(0).codes(), [1]);
    assert!(left.conform(right.columns()).is_err());
}

#[test]
fn rows_know_their_members() {
    let table = "who,n\nb,1\na,2\nb,3\n,4\n";
    let declared = declare("member = \"who\"\nrows_per_member = 2\n");
    let error = frame(table, &declared).unwrap_err().to_string();
    assert!(error.contains("`who`") && error.contains("1 rows") && error.contains(" 4"), "{error}");
    let (read, left_out) = frame(&table[..table.len() - 3], &declared).unwrap();
    assert_eq!(left_out[0].column, "who");
    assert_eq!(read.members(), Some(&Members { of_rows: vec![0, 1, 0], most_rows: 2 }));
    assert_eq!(read.take(&[2, 1]).members().unwrap().of_rows, [0, 1]);
    assert_eq!(frame("who,n\nb,1\n", &Declaration::default()).unwrap().0.members(), None);
    let wrong = "rows_per_member = 0\n[columns.who]\nkind = \"categorical\"\nlabels = [\"a\"]\n";
    for (text, told) in [
        (wrong.to_owned(), vec!["needs `member`", "1 to 10000"]),
        (format!("member = \"who\"\n{wrong}"), vec!["cannot be learned", "1 to 10000"]),
    ] {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let error = Declaration::read(file.path(), &daotwin_core::Limits::default()).unwrap_err().to_string();
        assert!(told.iter().all(|told| error.contains(told)), "{error}");
    }
}

/// Of a member with too many rows as many as declared stay, spread over them; of others all do.
#[test]
fn members_are_bounded_by_themselves() {
    let of = |of_rows: Vec<u32>, most_rows: u32| {
        let columns =
            vec![Column { name: "n".to_owned(), kind: Kind::Integer, optional: false, bounds: (0.0, 100.0) }];
        let numbers = (0..of_rows.len()).map(|row| row as f64).collect();
        let frame = Frame::new(columns, vec![Values::Number(numbers)]).unwrap();
        frame.with_members(Members { of_rows, most_rows }).unwrap()
    };
    let kept =
        |of_rows: Vec<u32>, most_rows: u32| of(of_rows, most_rows).bounded().values(0).numbers().to_vec();
    assert_eq!(kept(vec![0; 9], 1), [4.0]);
    assert_eq!(kept(vec![0; 9], 3), [1.0, 4.0, 7.0]);
    assert_eq!(kept(vec![0, 1, 0, 2, 0, 1], 2), [0.0, 1.0, 3.0, 4.0, 5.0]);
    assert!(matches!(of(vec![3, 3, 1], 2).bounded(), Cow::Borrowed(_)));
    for rows in 1..40 {
        for most in 1..12 {
            assert_eq!(kept(vec![0; rows as usize], most).len(), rows.min(most) as usize, "{rows} {most}");
        }
    }
    assert!(of(vec![0, 0], 1).with_members(Members { of_rows: vec![0], most_rows: 1 }).is_err());
}
