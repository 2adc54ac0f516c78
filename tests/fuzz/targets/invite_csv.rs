//! Bytes as the CSV file of `kartlegging invite`: every row is kept, those that are read are what the API
//! would take as well, and a reason quotes nothing of the row.

use chrono::{Datelike, NaiveDate};
use kartlegging::cli::rows::{Row, read};
use kartlegging::domain::ids::UnitId;
use kartlegging::domain::text::{has_control, has_line_break, is_blank, length};

const UNIT: &str = "0190a2c5-0000-7000-8000-000000000000";

/// One input.
pub fn run(data: &[u8]) {
    let today = NaiveDate::from_ymd_opt(2026, 11, 22).expect("a date");
    let lines = data.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    for unit in [None, UnitId::parse(UNIT)] {
        let Ok(rows) = read(data, unit, today, true) else { return };
        let text = String::from_utf8_lossy(data).replace("\r\n", "\n").replace('\r', "\n");
        let text: Vec<&str> = text.split('\n').collect();
        assert!(rows.len() < lines.max(2));
        let mut above = 1;
        for row in &rows {
            assert!(row.line > above && usize::try_from(row.line).is_ok_and(|line| line <= lines), "{} after {above} of {lines}", row.line);
            above = row.line;
            assert!(
                usize::try_from(above - 1).ok().and_then(|at| text.get(at)).is_some_and(|line| !line.is_empty()),
                "line {above} is empty"
            );
            held(row, today);
        }
        let real = read(data, unit, today, false).expect("the same first line");
        assert_eq!(real.len(), rows.len());
        assert!(real.iter().zip(&rows).all(|(real, row)| real.order.is_err() || row.order.is_ok()));
    }
}

fn held(row: &Row, today: NaiveDate) {
    let order = match &row.order {
        Ok(order) => order,
        Err(reason) => {
            assert!(reason.is_ascii() && reason.len() <= 120, "{reason}");
            return;
        }
    };
    let line = |text: &str, most: usize| length(text) <= most && !has_control(text) && !has_line_break(text);
    assert!(line(&order.patient.name, 200) && !is_blank(&order.patient.name));
    assert!(order.patient.birth_date <= today && order.patient.birth_date.year() >= 1);
    assert!(order.unit.is_some() || order.visit.is_some());
    if let Some(visit) = &order.visit {
        assert!((1900..=9998).contains(&visit.starts_at.year()));
        assert_eq!(visit.starts_at.timestamp_subsec_nanos() % 1000, 0);
        assert!(visit.external_id.as_deref().is_none_or(|id| line(id, 128) && !id.is_empty()));
    }
}
