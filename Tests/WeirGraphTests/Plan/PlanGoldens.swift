/// The texts of the plans of ``Jobs`` at parallelism 2, as they were found right by reading.
enum PlanGoldens {
    static let straightText = #"""
        job 'straight': 2 workers, 1 chain, 0 queues, 128 key groups

        chain 0 ×2
          source 'numbers': numbers
          filter-1
          map 'double'
          sink 'results': memory

        """#

    static let straightJSON = #"""
        {
          "job": "straight",
          "parallelism": 2,
          "keyGroups": 128,
          "chains": [
            {
              "id": 0,
              "subtasks": 2,
              "placement": "workers",
              "operators": [
                {"name": "numbers", "kind": "source", "detail": "numbers", "isNamed": true, "outputTypes": ["Int"]},
                {"name": "filter-1", "kind": "filter", "detail": "", "isNamed": false, "outputTypes": ["Int"]},
                {"name": "double", "kind": "map", "detail": "", "isNamed": true, "outputTypes": ["Int"]},
                {"name": "results", "kind": "sink", "detail": "memory", "isNamed": true, "outputTypes": []}
              ]
            }
          ],
          "edges": [
            {"from": "numbers", "fromPort": 0, "to": "filter-1", "toPort": 0, "partitioning": "forward", "queues": 0},
            {"from": "filter-1", "fromPort": 0, "to": "double", "toPort": 0, "partitioning": "forward", "queues": 0},
            {"from": "double", "fromPort": 0, "to": "results", "toPort": 0, "partitioning": "forward", "queues": 0}
          ]
        }
        """#

    static let straightDOT = #"""
        digraph "straight" {
          rankdir=LR;
          node [shape=box, style=rounded, fontname="Helvetica"];
          edge [fontname="Helvetica", fontsize=10];
          subgraph cluster_0 {
            label="chain 0 ×2";
            op0 [label="source 'numbers'\nnumbers"];
            op1 [label="filter-1"];
            op2 [label="map 'double'"];
            op3 [label="sink 'results'\nmemory"];
          }
          op0 -> op1 [style=dotted];
          op1 -> op2 [style=dotted];
          op2 -> op3 [style=dotted];
        }

        """#

    static let countsText = #"""
        job 'word "counts"': 2 workers, 3 chains, 6 queues, 128 key groups

        chain 0 ×2
          source 'a "b" \c': lines of C:\in
          watermarked-1: out of order by at most 0 s
          └─ by key String, 4 queues → chain 1 ×2
               aggregate 'counts': tumbling 1 ms
               ├─ forward, 2 queues → chain 2 ×1 on lanes: may block
               │    sink 'table': table
               └─ late records, in the same chain
                  sink 'late': late.jsonl

        """#

    static let countsJSON = #"""
        {
          "job": "word \"counts\"",
          "parallelism": 2,
          "keyGroups": 128,
          "chains": [
            {
              "id": 0,
              "subtasks": 2,
              "placement": "workers",
              "operators": [
                {"name": "a \"b\" \\c", "kind": "source", "detail": "lines of C:\\in", "isNamed": true, "outputTypes": ["String"]},
                {
                  "name": "watermarked-1",
                  "kind": "watermarked",
                  "detail": "out of order by at most 0 s",
                  "isNamed": false,
                  "outputTypes": ["String"]
                }
              ]
            },
            {
              "id": 1,
              "subtasks": 2,
              "placement": "workers",
              "operators": [
                {"name": "counts", "kind": "aggregate", "detail": "tumbling 1 ms", "isNamed": true, "outputTypes": ["String", "String"]},
                {"name": "late", "kind": "sink", "detail": "late.jsonl", "isNamed": true, "outputTypes": []}
              ]
            },
            {
              "id": 2,
              "subtasks": 1,
              "placement": "lanes",
              "operators": [
                {"name": "table", "kind": "sink", "detail": "table", "isNamed": true, "outputTypes": []}
              ]
            }
          ],
          "edges": [
            {"from": "a \"b\" \\c", "fromPort": 0, "to": "watermarked-1", "toPort": 0, "partitioning": "forward", "queues": 0},
            {"from": "watermarked-1", "fromPort": 0, "to": "counts", "toPort": 0, "partitioning": "by key String", "queues": 4},
            {"from": "counts", "fromPort": 1, "to": "late", "toPort": 0, "partitioning": "forward", "queues": 0},
            {"from": "counts", "fromPort": 0, "to": "table", "toPort": 0, "partitioning": "forward", "queues": 2}
          ]
        }
        """#

    static let countsDOT = #"""
        digraph "word \"counts\"" {
          rankdir=LR;
          node [shape=box, style=rounded, fontname="Helvetica"];
          edge [fontname="Helvetica", fontsize=10];
          subgraph cluster_0 {
            label="chain 0 ×2";
            op0 [label="source 'a \"b\" \\c'\nlines of C:\\in"];
            op1 [label="watermarked-1\nout of order by at most 0 s"];
          }
          subgraph cluster_1 {
            label="chain 1 ×2";
            op2 [label="aggregate 'counts'\ntumbling 1 ms"];
            op3 [label="sink 'late'\nlate.jsonl"];
          }
          subgraph cluster_2 {
            label="chain 2 ×1, may block";
            op4 [label="sink 'table'\ntable"];
          }
          op0 -> op1 [style=dotted];
          op1 -> op2 [label="by key String\n4 queues"];
          op2 -> op3 [style=dotted, label="late"];
          op2 -> op4 [label="forward\n2 queues"];
        }

        """#

    static let flightsText = #"""
        job 'flights': 2 workers, 9 chains, 26 queues, 128 key groups

        chain 0 ×2
          source 'flights': CSV files flights-*.csv.gz
          watermarked-1: only at the end
          ├─ by key String, 4 queues → chain 2 ×2
          │    aggregate 'hourly': tumbling 1 ms
          │    └─ forward, 2 queues → chain 3 ×1 on lanes: may block
          │         sink 'departures': SQLite table hourly_departures
          ├─ filter 'departed'
          │  └─ by key String, 4 queues → chain 4 ×2
          │       aggregate 'carriers': sliding 4 ms every 1 ms
          │       map-1
          │       └─ forward, 2 queues → chain 5 ×1 on lanes: may block
          │            sink 'worst': SQLite table worst_carriers
          └─ by key String, 4 queues → chain 6 ×2 (input 1 of 2)
               join 'with-weather': inner, tumbling 1 ms
               └─ by key String, 4 queues → chain 7 ×2
                    aggregate 'daily': tumbling 24 ms
                    └─ forward, 2 queues → chain 8 ×1 on lanes: may block
                         sink 'impact': SQLite table weather_impact

        chain 1 ×2
          source 'weather': CSV files weather-*.csv.gz
          watermarked-2: only at the end
          └─ by key String, 4 queues ↳ joins 'with-weather' (input 2 of 2)

        """#

    static let flightsJSON = #"""
        {
          "job": "flights",
          "parallelism": 2,
          "keyGroups": 128,
          "chains": [
            {
              "id": 0,
              "subtasks": 2,
              "placement": "workers",
              "operators": [
                {
                  "name": "flights",
                  "kind": "source",
                  "detail": "CSV files flights-*.csv.gz",
                  "isNamed": true,
                  "outputTypes": ["Departure"]
                },
                {
                  "name": "watermarked-1",
                  "kind": "watermarked",
                  "detail": "only at the end",
                  "isNamed": false,
                  "outputTypes": ["Departure"]
                },
                {"name": "departed", "kind": "filter", "detail": "", "isNamed": true, "outputTypes": ["Departure"]}
              ]
            },
            {
              "id": 1,
              "subtasks": 2,
              "placement": "workers",
              "operators": [
                {
                  "name": "weather",
                  "kind": "source",
                  "detail": "CSV files weather-*.csv.gz",
                  "isNamed": true,
                  "outputTypes": ["Observation"]
                },
                {
                  "name": "watermarked-2",
                  "kind": "watermarked",
                  "detail": "only at the end",
                  "isNamed": false,
                  "outputTypes": ["Observation"]
                }
              ]
            },
            {
              "id": 2,
              "subtasks": 2,
              "placement": "workers",
              "operators": [
                {
                  "name": "hourly",
                  "kind": "aggregate",
                  "detail": "tumbling 1 ms",
                  "isNamed": true,
                  "outputTypes": ["WindowResult<String, Int>", "Departure"]
                }
              ]
            },
            {
              "id": 3,
              "subtasks": 1,
              "placement": "lanes",
              "operators": [
                {"name": "departures", "kind": "sink", "detail": "SQLite table hourly_departures", "isNamed": true, "outputTypes": []}
              ]
            },
            {
              "id": 4,
              "subtasks": 2,
              "placement": "workers",
              "operators": [
                {
                  "name": "carriers",
                  "kind": "aggregate",
                  "detail": "sliding 4 ms every 1 ms",
                  "isNamed": true,
                  "outputTypes": ["WindowResult<String, Int>", "Departure"]
                },
                {"name": "map-1", "kind": "map", "detail": "", "isNamed": false, "outputTypes": ["Int"]}
              ]
            },
            {
              "id": 5,
              "subtasks": 1,
              "placement": "lanes",
              "operators": [
                {"name": "worst", "kind": "sink", "detail": "SQLite table worst_carriers", "isNamed": true, "outputTypes": []}
              ]
            },
            {
              "id": 6,
              "subtasks": 2,
              "placement": "workers",
              "operators": [
                {
                  "name": "with-weather",
                  "kind": "join",
                  "detail": "inner, tumbling 1 ms",
                  "isNamed": true,
                  "outputTypes": ["String", "JoinSide<Departure, Observation>"]
                }
              ]
            },
            {
              "id": 7,
              "subtasks": 2,
              "placement": "workers",
              "operators": [
                {
                  "name": "daily",
                  "kind": "aggregate",
                  "detail": "tumbling 24 ms",
                  "isNamed": true,
                  "outputTypes": ["WindowResult<String, Int>", "String"]
                }
              ]
            },
            {
              "id": 8,
              "subtasks": 1,
              "placement": "lanes",
              "operators": [
                {"name": "impact", "kind": "sink", "detail": "SQLite table weather_impact", "isNamed": true, "outputTypes": []}
              ]
            }
          ],
          "edges": [
            {"from": "flights", "fromPort": 0, "to": "watermarked-1", "toPort": 0, "partitioning": "forward", "queues": 0},
            {"from": "weather", "fromPort": 0, "to": "watermarked-2", "toPort": 0, "partitioning": "forward", "queues": 0},
            {"from": "watermarked-1", "fromPort": 0, "to": "hourly", "toPort": 0, "partitioning": "by key String", "queues": 4},
            {"from": "hourly", "fromPort": 0, "to": "departures", "toPort": 0, "partitioning": "forward", "queues": 2},
            {"from": "watermarked-1", "fromPort": 0, "to": "departed", "toPort": 0, "partitioning": "forward", "queues": 0},
            {"from": "departed", "fromPort": 0, "to": "carriers", "toPort": 0, "partitioning": "by key String", "queues": 4},
            {"from": "carriers", "fromPort": 0, "to": "map-1", "toPort": 0, "partitioning": "forward", "queues": 0},
            {"from": "map-1", "fromPort": 0, "to": "worst", "toPort": 0, "partitioning": "forward", "queues": 2},
            {
              "from": "watermarked-1",
              "fromPort": 0,
              "to": "with-weather",
              "toPort": 0,
              "partitioning": "by key String",
              "queues": 4
            },
            {
              "from": "watermarked-2",
              "fromPort": 0,
              "to": "with-weather",
              "toPort": 1,
              "partitioning": "by key String",
              "queues": 4
            },
            {"from": "with-weather", "fromPort": 0, "to": "daily", "toPort": 0, "partitioning": "by key String", "queues": 4},
            {"from": "daily", "fromPort": 0, "to": "impact", "toPort": 0, "partitioning": "forward", "queues": 2}
          ]
        }
        """#

    static let flightsDOT = #"""
        digraph "flights" {
          rankdir=LR;
          node [shape=box, style=rounded, fontname="Helvetica"];
          edge [fontname="Helvetica", fontsize=10];
          subgraph cluster_0 {
            label="chain 0 ×2";
            op0 [label="source 'flights'\nCSV files flights-*.csv.gz"];
            op1 [label="watermarked-1\nonly at the end"];
            op6 [label="filter 'departed'"];
          }
          subgraph cluster_1 {
            label="chain 1 ×2";
            op2 [label="source 'weather'\nCSV files weather-*.csv.gz"];
            op3 [label="watermarked-2\nonly at the end"];
          }
          subgraph cluster_2 {
            label="chain 2 ×2";
            op4 [label="aggregate 'hourly'\ntumbling 1 ms"];
          }
          subgraph cluster_3 {
            label="chain 3 ×1, may block";
            op5 [label="sink 'departures'\nSQLite table hourly_departures"];
          }
          subgraph cluster_4 {
            label="chain 4 ×2";
            op7 [label="aggregate 'carriers'\nsliding 4 ms every 1 ms"];
            op8 [label="map-1"];
          }
          subgraph cluster_5 {
            label="chain 5 ×1, may block";
            op9 [label="sink 'worst'\nSQLite table worst_carriers"];
          }
          subgraph cluster_6 {
            label="chain 6 ×2";
            op10 [label="join 'with-weather'\ninner, tumbling 1 ms"];
          }
          subgraph cluster_7 {
            label="chain 7 ×2";
            op11 [label="aggregate 'daily'\ntumbling 24 ms"];
          }
          subgraph cluster_8 {
            label="chain 8 ×1, may block";
            op12 [label="sink 'impact'\nSQLite table weather_impact"];
          }
          op0 -> op1 [style=dotted];
          op2 -> op3 [style=dotted];
          op1 -> op4 [label="by key String\n4 queues"];
          op4 -> op5 [label="forward\n2 queues"];
          op1 -> op6 [style=dotted];
          op6 -> op7 [label="by key String\n4 queues"];
          op7 -> op8 [style=dotted];
          op8 -> op9 [label="forward\n2 queues"];
          op1 -> op10 [label="by key String\n4 queues"];
          op3 -> op10 [label="by key String\n4 queues"];
          op10 -> op11 [label="by key String\n4 queues"];
          op11 -> op12 [label="forward\n2 queues"];
        }

        """#
}
