//! The scores of a patient over time as a drawing: a line over the days, the threshold as a dashed one.
//! The numbers stand in a table beside it, so the drawing itself says nothing that is not in words.

use crate::domain::clock::oslo_date;
use crate::domain::language::Language;
use crate::services::chart::Point;
use crate::text::format;

/// Most points of a drawing: the newest.
const MOST: usize = 6;
/// Size of the drawing and its margins.
const WIDTH: i64 = 360;
const HEIGHT: i64 = 130;
const SIDE: i64 = 28;
const TOP: i64 = 14;
const FOOT: i64 = 24;

/// A point of the drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dot {
    pub x: i64,
    pub y: i64,
    pub score: i32,
    pub day: String,
}

/// A drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Graph {
    pub dots: Vec<Dot>,
    /// The line from dot to dot, as the points of a `polyline`.
    pub line: String,
    /// Where the threshold is.
    pub limit: i64,
    /// Lowest and highest number of the scale, and where.
    pub low: (i32, i64),
    pub high: (i32, i64),
    pub width: i64,
    pub height: i64,
}

/// Draws them; `None` with fewer than two scores: one alone is no course.
pub(super) fn graph(points: &[Point], threshold: i32, scale: (i32, i32), language: &Language) -> Option<Graph> {
    let scored: Vec<(&Point, i32)> = points.iter().filter_map(|point| Some((point, point.score?))).collect();
    let scored = scored.get(scored.len().saturating_sub(MOST)..)?;
    let (Some((first, _)), Some((last, _)), true) = (scored.first(), scored.last(), scored.len() > 1) else { return None };
    let all = scored.iter().map(|(_, score)| *score);
    let (low, high) = all.fold(scale, |(low, high), score| (low.min(score), high.max(score)));
    let range = i64::from(high.saturating_sub(low)).max(1);
    let up = |score: i32| HEIGHT - FOOT - i64::from(score.saturating_sub(low)) * (HEIGHT - FOOT - TOP) / range;
    let days = (last.at - first.at).num_hours().max(1);
    let along = |point: &Point| SIDE + (point.at - first.at).num_hours() * (WIDTH - 2 * SIDE) / days;
    let dots: Vec<Dot> = scored
        .iter()
        .map(|(point, score)| Dot { x: along(point), y: up(*score), score: *score, day: format::short_date(oslo_date(point.at), language) })
        .collect();
    let line = dots.iter().map(|dot| format!("{},{}", dot.x, dot.y)).collect::<Vec<_>>().join(" ");
    let limit = up(threshold.clamp(low, high));
    Some(Graph { dots, line, limit, low: (low, up(low)), high: (high, up(high)), width: WIDTH, height: HEIGHT })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ResponseId;
    use chrono::{TimeZone, Utc};
    use uuid::Uuid;

    fn point(day: u32, score: Option<i32>) -> Point {
        Point { response: ResponseId(Uuid::nil()), at: Utc.with_ymd_and_hms(2026, 1, day, 9, 0, 0).unwrap(), score }
    }

    #[test]
    fn higher_scores_stand_higher_and_later_ones_further_right() {
        let drawn = graph(&[point(1, Some(0)), point(5, None), point(11, Some(10))], 4, (0, 10), &Language::nb()).unwrap();
        let at: Vec<(i64, i64)> = drawn.dots.iter().map(|dot| (dot.x, dot.y)).collect();
        assert_eq!(at, [(SIDE, HEIGHT - FOOT), (WIDTH - SIDE, TOP)]);
        assert!(drawn.limit > TOP && drawn.limit < HEIGHT - FOOT);
        assert_eq!(drawn.line, format!("{SIDE},{} {},{TOP}", HEIGHT - FOOT, WIDTH - SIDE));
        assert_eq!(drawn.dots[1].day, "11.01.2026");
    }

    #[test]
    fn one_score_is_no_course() {
        assert_eq!(graph(&[], 4, (0, 10), &Language::nb()), None);
        assert_eq!(graph(&[point(1, Some(3)), point(2, None)], 4, (0, 10), &Language::nb()), None);
    }

    #[test]
    fn the_newest_are_drawn() {
        let points: Vec<Point> = (1..=9).map(|day| point(day, i32::try_from(day).ok())).collect();
        let drawn = graph(&points, 4, (0, 10), &Language::nb()).unwrap();
        assert_eq!(drawn.dots.iter().map(|dot| dot.score).collect::<Vec<_>>(), [4, 5, 6, 7, 8, 9]);
    }
}
