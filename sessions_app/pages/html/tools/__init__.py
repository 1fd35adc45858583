"""What tools were asked for and what they returned, drawn as what it is: commands, edits, files, lists, data.

`kinds` decides from a call's name and arguments; where it is not sure, calls are drawn as the JSON they are.
"""
