/** The completion script of bash. It needs bash alone, not the package bash-completion. Pure. */
import { shellQuote } from '../../model/shell.js';
import type { CompletedOption, CompletedProgram, Expected } from './completion-tree.js';

export function bashCompletion(program: CompletedProgram): string {
  const { name, options, commands, tests } = program;
  const command = (names: readonly string[]): string => shellQuote(names.join(' '));
  const words = commands.map((each) => each.name);
  const values = commands.flatMap((each) => valueCases(each.name, each.options));
  const arguments_ = commands.map((each) => {
    const own = each.options.flatMap(({ names }) => names);
    return `    ${each.name})\n      options=${command(own)}\n      ${action(each.argument)} ;;`;
  });
  return `# Completion of ${name} for bash, made by '${name} completion bash'.
_drover_tests=${command(tests)}

_${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local command='' words='' options='' files='' i
  COMPREPLY=()
  # bash takes the = of --option=value for a word of its own
  if [[ $current == = ]]; then
    current=''
  elif [[ $previous == = ]]; then
    previous=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ \${COMP_WORDS[i]} != -* ]]; then
      command=\${COMP_WORDS[i]}
      break
    fi
  done
  case $command:$previous in
${values.join('\n')}
    *)
      case $command in
    '')
      options=${command(options.flatMap(({ names }) => names))}
      words=${command(words)} ;;
${arguments_.join('\n')}
      esac
      if [[ $current == -* ]]; then
        words=$options
        files=''
      fi ;;
  esac
  if [[ -z $files ]]; then
    compopt +o default 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
}
complete -o default -F _${name} ${name}
`;
}

/** Files are left to bash itself, which quotes them as they need it. */
function action(expected: Expected): string {
  switch (expected.kind) {
    case 'file':
      return 'files=yes';
    case 'test':
      return 'words=$_drover_tests';
    case 'choice':
      return `words=${shellQuote(expected.choices.join(' '))}`;
    case 'nothing':
    case 'value':
      return 'words=';
  }
}

function valueCases(command: string, options: readonly CompletedOption[]): string[] {
  return options
    .filter(({ expected }) => expected.kind !== 'nothing')
    .map(({ names, expected }) => {
      const pattern = names.map((name) => `${command}:${name}`).join(' | ');
      return `    ${pattern}) ${action(expected)} ;;`;
    });
}
