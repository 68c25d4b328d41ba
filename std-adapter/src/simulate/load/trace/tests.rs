use proptest::prelude::*;

use super::super::super::tests::stored;
use super::*;

#[test]
fn times_may_be_dates_iso_or_seconds() {
    for (times, period_s) in [
        (["2014-04-10 00:04:00", "2014-04-10 00:09:00"], 300.0),
        (["2014-04-10 00:04", "2014-04-10 00:05"], 60.0),
        (["2014-04-10T00:04:00Z", "2014-04-10T02:05:00+02:00"], 60.0),
        (["2014-04-10T00:04:00", "2014-04-10T01:04:00"], 3_600.0),
        (["1397088240", "1397088250"], 10.0),
        (["0", "1"], 1.0),
        (["0.5", "2"], 1.5),
    ] {
        let text = format!("a,b\n{},10\n{},20\n", times[0], times[1]);
        let recorded = trace().read(text.as_bytes()).expect(&text);
        assert_eq!(recorded.facts.period_s, period_s, "{text}");
        assert_eq!(recorded.facts.rows, 2);
    }
}

#[test]
fn columns_are_found_by_name_and_by_place() {
    let text = b"count, host ,when\n6,x,0\n12,y,6\n";
    let named = Trace { time: name("when"), count: name("count"), ..trace() };
    let placed = Trace { time: Column::Place(3), count: Column::Place(1), ..trace() };
    let rates = named.read(text).expect("by name").rates(12);
    assert_eq!(rates, placed.read(text).expect("by place").rates(12));
    assert_eq!([rates[0], rates[5], rates[6], rates[11]], [1.0, 1.0, 2.0, 2.0]);
    let spaced = Trace { count: name("host"), time: name("when"), ..trace() };
    assert_eq!(spaced.read(text).expect_err("host is text").column, " host ");
}

#[test]
fn yaml_numbers_are_places_and_yaml_text_is_a_name() {
    let read = |text| serde_saphyr::from_str::<Trace>(text);
    assert_eq!(read("{file: a, time: 2}").expect("place").time, Column::Place(2));
    assert_eq!(read("{file: a, time: '2'}").expect("name").time, name("2"));
    assert!(read("{file: a, time: 0}").is_err());
    assert!(read("{file: a, time: -1}").is_err());
    assert_eq!(read("{file: a}").expect("defaults"), Trace { file: "a".to_owned(), ..trace() });
}

#[test]
fn gaps_hold_the_last_value_and_are_counted() {
    let text = b"t,n\n0,10\n10,20\n40,30\n50,40\n";
    let recorded = trace().read(text).expect("reads");
    assert_eq!((recorded.facts.gaps, recorded.facts.filled_periods, recorded.facts.off_beat), (1, 2, 0));
    let rates = recorded.rates(60);
    assert_eq!([rates[9], rates[10], rates[39], rates[40], rates[59]], [1.0, 2.0, 2.0, 3.0, 4.0]);
}

#[test]
fn a_row_off_the_beat_is_counted_and_is_no_gap() {
    let recorded = trace().read(b"t,n\n0,10\n10,10\n20,10\n34,10\n44,10\n").expect("reads");
    assert_eq!((recorded.facts.gaps, recorded.facts.filled_periods, recorded.facts.off_beat), (0, 0, 1));
    let recorded = trace().read(b"t,n\n0,10\n10,10\n20,10\n36,10\n46,10\n").expect("reads");
    assert_eq!((recorded.facts.gaps, recorded.facts.filled_periods, recorded.facts.off_beat), (1, 1, 1));
}

#[test]
fn a_cut_may_start_and_end_inside_a_period() {
    let text = b"t,n\n0,10\n10,20\n20,30\n";
    let cut = Trace { from: Some("5".to_owned()), to: Some("15".to_owned()), ..trace() };
    let recorded = cut.read(text).expect("reads");
    assert_eq!((recorded.length_s(), recorded.facts.rows), (10, 2));
    assert_eq!(recorded.rates(10), [1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0]);
    assert_eq!(recorded.facts.greatest_rps, 2.0);
}

#[test]
fn one_row_is_enough_when_the_period_is_given() {
    let given = Trace { period_s: Some(10), ..trace() };
    assert_eq!(given.read(b"t,n\n5,10\n").expect("reads").rates(10), [1.0; 10]);
}

#[test]
fn what_is_wrong_is_named_with_line_column_and_value() {
    for (text, message) in [
        ("", "trace t.csv: the file has no header"),
        ("t,n\n", "trace t.csv: the file has no row after its header"),
        ("t,n\n0,1\n", "trace t.csv: one row does not tell the period: give period_s"),
        ("t\n0\n", "trace t.csv, line 1, column 2: the header has no such column"),
        ("t,n\n0,1\n1,NaN\n", "trace t.csv, line 3, column n: \"NaN\" is not finite"),
        ("t,n\n0,1\n1,-inf\n", "trace t.csv, line 3, column n: \"-inf\" is not finite"),
        ("t,n\n0,-1\n", "trace t.csv, line 2, column n: \"-1\" is negative"),
        ("t,n\n0,1e13\n", "trace t.csv, line 2, column n: \"1e13\" is above 10¹²"),
        ("t,n\n0,many\n", "trace t.csv, line 2, column n: \"many\" is not a number"),
        ("t,n\n0,1\n1\n", "trace t.csv, line 3, column n: has no value"),
        ("t,n\n0,1\n1,\n", "trace t.csv, line 3, column n: has no value"),
        ("t,n\n,1\n", "trace t.csv, line 2, column t: has no value"),
        ("t,n\n5,1\n5,1\n", "trace t.csv, line 3, column t: \"5\" is not later than the row before"),
        ("t,n\n5,1\n6,1\n\n4,1\n", "trace t.csv, line 5, column t: \"4\" is not later than the row before"),
        (
            "t,n\nsoon,1\n",
            "trace t.csv, line 2, column t: \"soon\" is neither YYYY-MM-DD HH:MM[:SS] nor a number of seconds",
        ),
        (
            "t,n\n2014-04-10 00:04:0,1\n",
            "trace t.csv, line 2, column t: \"2014-04-10 00:04:0\" is neither YYYY-MM-DD HH:MM[:SS] nor a number of seconds",
        ),
        (
            "t,n\n2014-04-10 00:04:00,1\n1397088240,1\n",
            "trace t.csv, line 3, column t: \"1397088240\" is written differently from the first row's time",
        ),
        (
            "t,n\n0,1\n2014-04-10 00:04:00,1\n",
            "trace t.csv, line 3, column t: \"2014-04-10 00:04:00\" is written differently from the first row's time",
        ),
        (
            "t,n\n1e300,1\n",
            "trace t.csv, line 2, column t: \"1e300\" is neither YYYY-MM-DD HH:MM[:SS] nor a number of seconds",
        ),
        ("t,n\n0,1\n0.25,1\n", "trace t.csv, column period_s: the period must be one second to one week"),
        ("t,n\n0,1\n700000,1\n", "trace t.csv, column period_s: the period must be one second to one week"),
    ] {
        assert_eq!(trace().read(text.as_bytes()).expect_err(text).to_string(), message);
    }
}

#[test]
fn bytes_that_are_no_text_are_named_and_shown_as_far_as_possible() {
    let error = trace().read(b"t,n\n0,\xff1\n").expect_err("no UTF-8");
    assert_eq!((error.line, error.problem), (2, Problem::NotUtf8));
    let long = format!("t,n\n0,{}\n", "x".repeat(10_000));
    assert_eq!(trace().read(long.as_bytes()).expect_err("long").value.chars().count(), 41);
}

#[test]
fn a_name_that_is_missing_or_twice_in_the_header_is_named() {
    let missing = Trace { count: name("requests"), ..trace() };
    let error = missing.read(b"t,n\n0,1\n").expect_err("no such name");
    assert_eq!(error.to_string(), "trace t.csv, line 1, column requests: the header has no such column");
    let twice = Trace { count: name("n"), ..trace() };
    let error = twice.read(b"t,n,n\n0,1,2\n").expect_err("twice");
    assert_eq!(error.to_string(), "trace t.csv, line 1, column n: the header has this column twice");
}

#[test]
fn cuts_outside_the_trace_are_named() {
    let text = b"t,n\n10,1\n20,1\n";
    for (from, to, message) in [
        (Some("5"), None, "trace t.csv, column from: \"5\" is before the first row"),
        (None, Some("31"), "trace t.csv, column to: \"31\" is after the last row's period"),
        (Some("20"), Some("15"), "trace t.csv, column to: \"15\" leaves nothing of the trace"),
        (
            Some("noon"),
            None,
            "trace t.csv, column from: \"noon\" is neither YYYY-MM-DD HH:MM[:SS] nor a number of seconds",
        ),
    ] {
        let cut = Trace { from: from.map(str::to_owned), to: to.map(str::to_owned), ..trace() };
        assert_eq!(cut.read(text).expect_err(message).to_string(), message);
    }
}

#[test]
fn a_file_beyond_the_limit_is_refused() {
    let error = trace().read(&vec![b'a'; BYTES_MOST + 1]).expect_err("too large");
    assert_eq!(error.to_string(), "trace t.csv: the file has more than 64 MiB");
}

#[test]
fn byte_order_mark_windows_line_ends_and_quotes_are_read() {
    let recorded = trace().read(b"\xef\xbb\xbft,n\r\n\"0\",10\r\n10,\"20\"\r\n").expect("reads");
    assert_eq!(recorded.rates(20)[9..11], [1.0, 2.0]);
    let named = Trace { time: name("t"), ..trace() };
    assert!(named.read(b"\xef\xbb\xbft,n\n0,10\n10,20\n").is_ok());
}

#[test]
fn world_cup_has_its_day_of_the_highest_minute() {
    let Some(bytes) = stored("worldcup98_per_minute.csv") else {
        return;
    };
    let whole = Trace { time: name("period"), count: name("count"), ..trace() };
    let recorded = whole.read(&bytes).expect("reads");
    assert_eq!((recorded.facts.rows, recorded.facts.period_s), (125_300, 60.0));
    assert_eq!((recorded.facts.gaps, recorded.facts.filled_periods), (7, 10));

    let day = Trace { from: Some("1998-07-07 00:00".to_owned()), to: Some("1998-07-08 00:00".to_owned()), ..whole };
    let recorded = day.read(&bytes).expect("reads");
    assert_eq!((recorded.length_s(), recorded.facts.rows, recorded.facts.gaps), (86_400, 1_440, 0));
    assert_eq!(recorded.facts.greatest_rps, 229_426.0 / 60.0);
    let rates = recorded.rates(86_400);
    assert_eq!([rates[0], rates[21 * 3_600 + 41 * 60]], [8_981.0 / 60.0, 229_426.0 / 60.0]);
    let requests: f64 = rates.iter().sum();
    assert!((requests - 42_806_305.0).abs() < 1.0, "{requests}");
}

#[test]
fn the_load_balancer_trace_has_eight_gaps() {
    let Some(bytes) = stored("nab_elb_request_count.csv") else {
        return;
    };
    let recorded = trace().read(&bytes).expect("reads");
    assert_eq!((recorded.facts.rows, recorded.facts.period_s), (4_032, 300.0));
    assert_eq!((recorded.facts.gaps, recorded.facts.filled_periods), (8, 8));
    assert_eq!(recorded.facts.greatest_rps, 656.0 / 300.0);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = trace().read(&bytes);
    }

    #[test]
    fn no_nearly_right_text_makes_it_panic(text in "t,n\n([0-9e.:T, \n-]{0,12},[0-9eEN.-]{0,8}\n){0,6}") {
        if let Ok(recorded) = trace().read(text.as_bytes()) {
            prop_assert!(recorded.rates(100).iter().all(|rate| *rate >= 0.0 && rate.is_finite()));
        }
    }
}

fn trace() -> Trace {
    Trace {
        file: "t.csv".to_owned(),
        time: Column::Place(1),
        count: Column::Place(2),
        period_s: None,
        from: None,
        to: None,
        scale: 1.0,
    }
}

fn name(name: &str) -> Column {
    Column::Name(name.to_owned())
}
