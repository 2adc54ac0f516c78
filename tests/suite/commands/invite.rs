//! `kartlegging invite --csv`: every row ends in the result file, and a second run issues nothing.

use super::admin::{chrono_date, installed};
use crate::support::app::Kind;
use crate::support::program::{Program, alone};
use crate::support::sql;
use std::collections::BTreeMap;

/// Line, result and reason of a row.
type Row = (u64, String, String);

/// The rows of a result file, and the codes by line.
fn results(program: &Program, name: &str) -> (Vec<Row>, BTreeMap<u64, String>) {
    let text = program.read(name);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(reader.headers().expect("header"), vec!["line", "result", "reason", "invitation", "link", "code", "answer_until"]);
    let (mut rows, mut codes) = (Vec::new(), BTreeMap::new());
    for record in reader.records() {
        let record = record.expect("row");
        let line = record[0].parse().expect("line");
        rows.push((line, record[1].to_owned(), record[2].to_owned()));
        if &record[1] == "issued" {
            assert!(record[4].contains("/s/"), "{record:?}");
            codes.insert(line, record[5].to_owned());
        }
    }
    (rows, codes)
}

async fn rows_good_and_bad(kind: Kind) {
    let (program, organization, unit) = installed(kind).await;
    let day = chrono_date(5);
    let text = format!(
        "\u{feff}name;birth_date;identifier;appointment_id;starts_at;language\r\n\
         Åse Oppdiktet;1947-10-13;13904709535;EHR-1;{day} 09:30;nn\r\n\
         \"Odd; med semikolon\";1950-01-01;;EHR-2;{day}T10:00;\r\n\
         ;1950-01-01;;EHR-3;{day} 10:30;\r\n\
         Uten dato;;;EHR-4;{day} 10:30;\r\n\
         Feil dato;1950-02-30;;EHR-5;{day} 10:30;\r\n\
         Feil nummer;1947-10-13;13904709536;EHR-6;{day} 10:30;\r\n\
         Feil fødselsdato;1950-10-13;13904709535;EHR-7;{day} 10:30;\r\n\
         Feil tid;1950-01-01;;EHR-8;i morgen;\r\n\
         I fortiden;1950-01-01;;EHR-9;2020-01-01 10:00;\r\n\
         Feil språk;1950-01-01;;EHR-10;{day} 10:30;de\r\n\
         For få;1950-01-01\r\n\
         Uten tid;1950-01-01;;EHR-11;;\r\n\
         Uten time;1950-01-01;;;;en\r\n\
         Åse Oppdiktet;1947-10-13;13904709535;EHR-1;{day} 09:30;nn\r\n"
    );
    let file = program.write("liste.csv", &text);
    let invite = async || program.run(&["invite", "--csv", &file, "--organization", &organization, "--unit", &unit]).await;
    let first = invite().await;
    first.refused(1, "csv-invalid", "11 rows were refused");
    assert!(first.out.contains("3 issued, 11 refused"), "{}", first.out);
    let (rows, codes) = results(&program, "liste.result.csv");
    let expected = [
        (2, "issued", ""),
        (3, "issued", ""),
        (4, "refused", "name: missing"),
        (5, "refused", "birth_date: missing"),
        (6, "refused", "birth_date: not a date"),
        (7, "refused", "identifier: "),
        (8, "refused", "birth_date: does not agree"),
        (9, "refused", "starts_at: not a time"),
        (10, "refused", "starts_at: lies in the past"),
        (11, "refused", "language: "),
        (12, "refused", "has 2 cells"),
        (13, "refused", "starts_at: missing"),
        (14, "issued", ""),
        (15, "refused", "an invitation to this form before this visit exists"),
    ];
    assert_eq!(rows.len(), expected.len());
    for ((line, result, reason), (at, is, why)) in rows.iter().zip(expected) {
        assert_eq!((*line, result.as_str()), (at, is), "{reason}");
        assert!(reason.starts_with(why), "line {line}: {reason}");
        assert!(!reason.contains("1390470953") && !reason.contains("Oppdiktet"), "line {line}: {reason}");
    }
    let count = async || sql::number(&program.database_url, "SELECT COUNT(*) FROM invitation").await;
    assert_eq!(count().await, 3);

    // Running it again gives the same links and makes nothing.
    let again = invite().await;
    assert!(again.out.contains("3 issued, 11 refused"), "{}", again.out);
    assert_eq!(results(&program, "liste.result.csv"), (rows, codes));
    assert_eq!(count().await, 3);
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(program.path().join("liste.result.csv")).expect("file").permissions());
    assert_eq!(mode & 0o777, 0o600, "links and codes are for the owner's eyes");
}

#[test]
fn rows_good_and_bad_on_sqlite() {
    alone(rows_good_and_bad(Kind::Sqlite));
}

#[test]
fn rows_good_and_bad_on_postgres() {
    alone(rows_good_and_bad(Kind::Postgres));
}

#[test]
fn many_rows_and_files_that_cannot_be_read() {
    alone(async {
        let (program, organization, unit) = installed(Kind::Sqlite).await;
        let invite = async |file: &str, out: &str| {
            program.run(&["invite", "--csv", file, "--organization", &organization, "--unit", &unit, "--out", out]).await
        };
        let rows: Vec<String> = (0..250).map(|nth| format!("Nummer {nth},1950-01-01")).collect();
        let file = program.write("mange.csv", &format!("Name,Birth_Date\n{}\n", rows.join("\n")));
        assert!(invite(&file, "ut.csv").await.ok().contains("250 issued, 0 refused"));
        let (rows, codes) = results(&program, "ut.csv");
        assert_eq!((rows.len(), codes.len()), (250, 250));
        assert_eq!(codes.values().collect::<std::collections::BTreeSet<_>>().len(), 250);
        for (name, text, says) in [
            ("tom.csv", "", "missing"),
            ("ukjent.csv", "name,birth_date,fnr\nX,1950-01-01,1\n", "the column 3"),
            ("mangler.csv", "name\nX\n", "birth_date is missing"),
            ("dobbel.csv", "name,birth_date,name\nX,1950-01-01,Y\n", "stands twice"),
        ] {
            let file = program.write(name, text);
            invite(&file, "ut.csv").await.refused(1, "csv-invalid", says);
        }
        std::fs::write(program.path().join("latin1.csv"), b"name,birth_date\n\xc5se,1950-01-01\n").expect("file");
        invite("latin1.csv", "ut.csv").await.refused(1, "csv-invalid", "UTF-8");
        invite("absent.csv", "ut.csv").await.refused(1, "csv-invalid", "absent.csv");
        assert_eq!(results(&program, "ut.csv").0.len(), 250, "a file that can't be read leaves earlier results alone");
        let absent = "0193a5d0-1000-7000-8000-0000000000aa";
        let file = program.write("en.csv", "name,birth_date\nX,1950-01-01\n");
        let other = program.run(&["invite", "--csv", &file, "--organization", absent, "--unit", &unit]).await;
        assert_ne!(other.status, 0, "an organization that is not there");
    });
}
