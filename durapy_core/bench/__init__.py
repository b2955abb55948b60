"""`durapy bench`: what DuraPy costs on this computer, beside a bare client, in the same minute.

The players of one measurement are processes of their own. DuraPy's and each rival's take turns on
one store, so that whatever else the computer does meets all of them alike: read the ratios.
Loaded by that verb alone.
"""
