import { expect, test } from 'vitest'
import { memoryTree } from '../memory-tree.fixture.ts'
import { answerOf } from './answer.fixture.ts'

const values = `
name: shop
count: 7
pi: 3.5
enabled: true
nothing: null
blank: ""
items: [b, a, b]
ports: [{ name: http, port: 80 }]
map: { b: 1, a: { c: deep } }
html: <a href="x">'&'</a>
`

/** What a line of a template gives. */
function lineOf(expression: string): string {
  const { notes, problems } = answerOf(
    memoryTree({
      'chart/Chart.yaml': 'apiVersion: v2\nname: chart\nversion: 1.2.3\nappVersion: "9"\n',
      'chart/values.yaml': values,
      'chart/files/a.txt': 'one\ntwo\n',
      'chart/files/b.txt': 'three',
      'chart/templates/_part.hbs': '[{{this}}]',
      'chart/templates/NOTES.hbs': expression,
    }),
    {
      objects: [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', namespace: 'shop' }, data: { a: 'eA==' } }],
    },
  )
  return problems.length === 0
    ? notes
    : problems.map(({ line, column, message }) => `${line}:${column} ${message}`).join()
}

test.each([
  // Paths, data and blocks.
  ['{{Values.html}} {{{Values.html}}}', `<a href="x">'&'</a> <a href="x">'&'</a>`],
  ['{{Values.count}} {{Values.pi}} {{Values.enabled}} [{{Values.nothing}}]', '7 3.5 true []'],
  ['{{Values.items.[0]}} {{Values.items.[1]}} {{Values.items.length}}', 'b a 3'],
  [
    '{{Release.Name}} {{Release.Namespace}} {{Release.IsInstall}} {{Release.Revision}} {{Release.Service}}',
    'web shop true 1 Gantry',
  ],
  ['{{Chart.Name}} {{Chart.Version}} {{Chart.AppVersion}} {{Chart.IsRoot}}', 'chart 1.2.3 9 true'],
  [
    '{{Capabilities.KubeVersion.Minor}} {{Capabilities.APIVersions.Has "apps/v1"}} {{Capabilities.APIVersions.Has "x/v1"}}',
    '34 true false',
  ],
  ['{{#each Values.items}}{{@index}}{{this}}{{#if @first}}!{{/if}}{{#unless @last}},{{/unless}}{{/each}}', '0b!,1a,2b'],
  ['{{#each Values.map as |value key|}}{{key}}={{toJson value}};{{/each}}', 'a={"c":"deep"};b=1;'],
  ['{{#each Values.ports}}{{name}}:{{port}}:{{@root.Values.name}}:{{../Values.count}}{{/each}}', 'http:80:shop:7'],
  ['{{#each (list)}}x{{else}}none{{/each}}', 'none'],
  ['{{#each (list 1 2)}}{{#each (list "a")}}{{@../index}}{{@index}}{{this}}{{/each}}{{/each}}', '00a10a'],
  ['{{#with Values.map.a}}{{c}}{{./c}}{{this.c}}{{else}}none{{/with}}', 'deepdeepdeep'],
  ['{{#if Values.blank}}a{{else if Values.enabled}}b{{else}}c{{/if}}', 'b'],
  ['{{#if (dict)}}a{{else}}b{{/if}}{{#if 0}}a{{else}}b{{/if}}{{#if 0 includeZero=true}}a{{/if}}', 'bba'],
  ['{{#if Values.missing.deep}}a{{else}}b{{/if}}', 'b'],
  ['{{> _part Values.name}}{{include "_part" 5}}', '[shop][5]'],
  ['{{#*inline "own"}}<{{x}}>{{/inline}}{{> own x=1}}{{> own Values.map x=2}}', '<1><2>'],
  ['{{#> _part "x"}}unused{{/_part}}{{#> none}}fallback{{/none}}', '[x]fallback'],
  ['{{#*inline "frame"}}({{> @partial-block}}){{/inline}}{{#> frame}}in{{/frame}}', '(in)'],
  ['{{tpl "{{Values.name}}-{{upper Release.Name}}" this}}', 'shop-WEB'],
  // Values.
  [
    '{{default "x" Values.missing}} {{default "x" Values.blank}} {{default "x" Values.name}} {{default 1 0}}',
    'x x shop 1',
  ],
  [
    '{{coalesce Values.missing Values.blank 3}} {{empty Values.missing}} {{ternary "y" "n" Values.enabled}}',
    '3 true y',
  ],
  ['{{and 1 0 2}} {{and 1 2}} {{or 0 "" 3}} {{or 0 ""}}| {{not 0}}', '0 2 3 | true'],
  [
    '{{eq 1 1}} {{eq 1 "1"}} {{eq 1 2 1}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{gt "b" "a"}} {{ge 1 2}}',
    'true false true true true true true false',
  ],
  [
    '{{kindIs "map" Values.map}} {{kindOf 1.5}} {{kindOf Values.nothing}} {{typeOf Values.items}}',
    'true float64 invalid []interface {}',
  ],
  ['{{required "say" Values.name}}', 'shop'],
  // Text.
  [
    '{{quote "a\\"b" 1 Values.nothing}} {{squote "x"}} {{upper "a"}}{{lower "B"}}{{title "a b"}}',
    '"a\\"b" "1" \'x\' AbA B',
  ],
  ['{{trim " a "}}{{trimAll "-" "--a-"}}{{trimPrefix "v" "v1"}}{{trimSuffix "-" "a-"}}', 'aa1a'],
  [
    '{{trunc 3 "abcdef"}} {{trunc -2 "abcdef"}} {{substr 1 3 "abcdef"}} {{repeat 3 "ab"}} {{replace "$" "$$" "a$b"}}',
    'abc ef bc ababab a$$b',
  ],
  ['{{contains "b" "abc"}} {{hasPrefix "a" "abc"}} {{hasSuffix "c" "abc"}}', 'true true true'],
  ['{{indent 2 "a\nb"}}|{{nindent 1 "a"}}', '  a\n  b|\n a'],
  [
    '{{printf "%s-%d %05.1f %q %v %t %x %-4s|%%" "a" 5 3.14 "q" (list 1) true "az" "l"}}',
    'a-5 003.1 "q" [1] true 617a l   |%',
  ],
  ['{{join "," (splitList "." "a.b")}} {{get (split "." "a.b") "_1"}} {{join "-" Values.items}}', 'a,b b b-a-b'],
  [
    '{{camelcase "a-b_c"}} {{kebabcase "aBc"}} {{snakecase "aBc d"}} {{nospace "a b"}} {{toString 5}}',
    'ABC a-bc a_bc_d ab 5',
  ],
  [
    '{{regexMatch "^a+$" "aa"}} {{regexReplaceAll "a(b)" "abab" "${1}c"}} {{regexFind "[0-9]+" "a12b"}}',
    'true bcbc 12',
  ],
  [
    '{{join "|" (regexSplit "," "a,b,c" -1)}} {{regexReplaceAllLiteral "a" "a" "${1}"}} {{regexQuoteMeta "a.b"}}',
    'a|b|c ${1} a\\.b',
  ],
  // Encodings.
  ['{{toYaml Values.map}}', 'a:\n  c: deep\nb: 1'],
  ['{{toYaml Values.ports}}', '- name: http\n  port: 80'],
  [
    '{{toJson Values.map}} {{get (fromYaml "a: yes") "a"}} {{get (fromJson "{\\"a\\":2}") "a"}}',
    '{"a":{"c":"deep"},"b":1} true 2',
  ],
  ['{{b64enc "hé"}} {{b64dec "aMOp"}} {{sha1sum "a"}}', 'aMOp hé 86f7e437faa5a7fce15d1ddcb9eaeaea377667b8'],
  ['{{sha256sum "a"}}', 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb'],
  // Lists and mappings.
  [
    '{{first Values.items}}{{last Values.items}} {{toJson (rest Values.items)}} {{toJson (initial Values.items)}}',
    'bb ["a","b"] ["b","a"]',
  ],
  [
    '{{toJson (uniq Values.items)}} {{toJson (sortAlpha Values.items)}} {{has "a" Values.items}} {{len Values.map}}',
    '["b","a"] ["a","b","b"] true 2',
  ],
  [
    '{{toJson (until 3)}} {{toJson (untilStep 1 6 2)}} {{toJson (append (list 1) 2)}} {{toJson (concat (list 1) (list 2))}}',
    '[0,1,2] [1,3,5] [1,2] [1,2]',
  ],
  ['{{toJson (dict "a" 1 b=2)}} {{hasKey Values.map "a"}} {{hasKey Values.missing "a"}}', '{"a":1,"b":2} true false'],
  [
    '{{toJson (keys Values.map)}} {{toJson (pick Values.map "b")}} {{toJson (omit Values.map "a")}} {{toJson (values (dict "z" 1 "a" 2))}}',
    '["a","b"] {"b":1} {"b":1} [2,1]',
  ],
  [
    '{{toJson (merge (dict "a" 1) (dict "a" 2 "b" 3))}} {{toJson (mergeOverwrite (dict "a" 1) (dict "a" 2))}}',
    '{"a":1,"b":3} {"a":2}',
  ],
  [
    '{{dig "a" "c" "no" Values.map}} {{dig "a" "x" "no" Values.map}} {{toJson (deepCopy Values.ports)}}',
    'deep no [{"name":"http","port":80}]',
  ],
  // Numbers, versions and dates.
  [
    '{{add 1 2 3}} {{sub 5 2}} {{mul 2 3}} {{div 7 2}} {{mod 7 4}} {{max 1 3}} {{min 1 3}} {{int "12"}} {{int 3.9}} {{float64 "1.5"}}',
    '6 3 6 3 3 3 1 12 3 1.5',
  ],
  [
    '{{semverCompare ">=1.19-0" Capabilities.KubeVersion.Version}} {{semverCompare "~1.2, !=1.2.3" "1.2.3"}} {{get (semver "v1.2") "Minor"}}',
    'true false 2',
  ],
  [
    '{{now}} {{date "Mon, 02 Jan 2006 15:04:05" (now)}} {{unixEpoch (now)}}',
    '2023-11-14T22:13:20Z Tue, 14 Nov 2023 22:13:20 1700000000',
  ],
  // Files and objects.
  [
    '{{Files.Get "files/a.txt"}}{{len (Files.Lines "files/a.txt")}} {{toJson (Files.Glob "files/*.txt")}}',
    'one\ntwo\n2 ["files/a.txt","files/b.txt"]',
  ],
  [
    '{{toJson (Files.AsConfig "files/b*")}} {{toJson (Files.AsSecrets "files/b*")}}',
    '{"b.txt":"three"} {"b.txt":"dGhyZWU="}',
  ],
  [
    '{{get (get (lookup "v1" "Secret" "shop" "db") "data") "a"}} {{toJson (lookup "v1" "Secret" "shop" "no")}}',
    'eA== {}',
  ],
])('%s', (expression, expected) => {
  expect(lineOf(expression)).toBe(expected)
})

test.each([
  ['a\n {{Values.mising}}', '2:4 Values.mising is not there: Values has no mising'],
  ['{{upper Values.mising.x}}', '1:9 Values.mising.x is not there: Values has no mising'],
  [
    '{{#if Values.enabled}}\n{{quote (upper Values.mising)}}{{/if}}',
    '2:16 Values.mising is not there: Values has no mising',
  ],
  ['{{Values.name.first}}', '1:3 Values.name.first is not there: Values.name is no mapping'],
  ['{{Values.map.constructor}}', '1:3 Values.map.constructor is not there: Values.map has no constructor'],
  ['{{Values.__proto__}}', '1:3 Values.__proto__ is not there: Values has no __proto__'],
  [
    '{{#each Values.ports}}{{Values.name}}{{/each}}',
    '1:25 Values.name is not there: what is looked at here has no Values',
  ],
  ['{{../x}}', '1:3 ../x leads out of the template'],
  ['{{@index}}', '1:3 there is no @index here'],
  ['{{#if Values.enabled}}', '1:23 not a valid template: it ends inside a block or an expression'],
  ['{{#if a}}{{/each}}', "1:4 not a valid template: if doesn't match each"],
  ['x\n  {{ .Values.x }}', '2:6 not a valid template: a dot or slash is not expected here'],
  ['{{#nope x}}{{/nope}}', '1:1 there is no block nope'],
  ['{{nope 1}}', '1:1 there is no helper nope'],
  ['{{randAlpha 5}}', '1:1 randAlpha would give something else each time, and a render follows from the commit alone'],
  ['{{> nope}}', '1:1 there is no partial nope'],
  ['{{Values.map}}', '1:3 a mapping cannot be written as it is'],
  ['{{trunc "a" "b"}}', '1:1 trunc takes a whole number as its first argument, not text'],
  ['{{upper 5}}', '1:1 upper takes text as its first argument, not a whole number'],
  ['{{trunc 5}}', '1:1 trunc takes 2 arguments, not 1'],
  ['{{upper "a" x=1}}', '1:1 upper takes no named arguments'],
  ['{{div 1 0}}', '1:1 div cannot divide by 0'],
  ['{{repeat 99999999 "abc"}}', '1:1 repeat would give more than 8388608 characters'],
  ['{{len (until 999999999)}}', '1:7 until would give more than 100000 items'],
  ['{{required "say it" Values.missing}}', '1:1 say it'],
  ['{{fail (printf "no %s" Values.name)}}', '1:1 no shop'],
  ['{{tpl "a\n{{nope 1}}" this}}', '1:1 there is no helper nope'],
  ['{{tpl "{{#if}" this}}', '1:1 not a valid template: this sign is not expected here (line 1 of the text)'],
  ['{{Files.Get "../../x"}}', '1:1 ../../x leads out of the repository'],
  ['{{Files.Get "no"}}', '1:1 the chart has no file no'],
  ['{{fromYaml "a: [" }}', '1:1 fromYaml was given text that is not valid YAML'],
  ['{{regexMatch "(" "x"}}', '1:1 regexMatch takes a pattern that is a regular expression'],
  [
    '{{#*inline "me"}}{{> me}}{{/inline}}{{> me}}',
    '1:18 blocks and partials stand more than 100 deep in one another (included at chart/templates/NOTES.hbs:1)',
  ],
  ['{{#*inline "me"}}{{tpl "{{include \\"me\\" this}}" this}}{{/inline}}{{include "me" this}}', ''],
])('refuses %s', (expression, expected) => {
  const given = lineOf(expression)
  if (expected === '') expect(given).toMatch(/stand more than 100 deep/)
  else expect(given).toBe(expected)
})
